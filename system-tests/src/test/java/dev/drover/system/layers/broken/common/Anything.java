package dev.drover.system.layers.broken.common;

final class Anything {}
