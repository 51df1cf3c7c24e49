package dev.drover.qcow2.fuzz;

import java.io.IOException;
import java.util.Arrays;

/** Writes to it, and does what else changes an image. The input is the whole image file. */
public final class FuzzWrite {

  private FuzzWrite() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    new HostileImage(input).write(Arrays.hashCode(input));
    new HostileImage(input).operate(lastBytes(input));
  }

  /** What is done stays the same while the fuzzer changes what it is done to. */
  private static long lastBytes(byte[] input) {
    return Arrays.hashCode(Arrays.copyOfRange(input, Math.max(0, input.length - 4), input.length));
  }
}
