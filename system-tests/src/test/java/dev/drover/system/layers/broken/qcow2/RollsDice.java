package dev.drover.system.layers.broken.qcow2;

import java.util.Random;

final class RollsDice {
  final Random dice = new Random();
}
