package dev.drover.system.layers.broken.qcow2;

public final class Image {}
