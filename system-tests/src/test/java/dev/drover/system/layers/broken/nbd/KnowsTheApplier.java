package dev.drover.system.layers.broken.nbd;

import dev.drover.system.layers.broken.applier.KnowsNbd;

final class KnowsTheApplier {
  KnowsNbd applier;
}
