package dev.drover.system.layers.broken.journal;

final class OffsetUtils {}
