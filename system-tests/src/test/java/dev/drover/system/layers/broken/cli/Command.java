package dev.drover.system.layers.broken.cli;

public final class Command {}
