package dev.drover.system.layers.broken.applier;

import dev.drover.system.layers.broken.nbd.Server;

public final class KnowsNbd {
  Server server;
}
