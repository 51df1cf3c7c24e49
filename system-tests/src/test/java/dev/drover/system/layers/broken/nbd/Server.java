package dev.drover.system.layers.broken.nbd;

public final class Server {}
