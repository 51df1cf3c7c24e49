package dev.drover.system.layers.broken.journal;

import dev.drover.system.layers.broken.qcow2.Image;

final class KnowsTheImage {
  Image image;
}
