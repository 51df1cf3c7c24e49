package dev.drover.system.layers.broken.applier;

import java.util.function.LongSupplier;

final class ReadsTheClock {
  final LongSupplier clock = System::nanoTime;
}
