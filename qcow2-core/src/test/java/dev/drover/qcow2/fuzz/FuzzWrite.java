package dev.drover.qcow2.fuzz;

import java.io.IOException;
import java.util.Arrays;

/** Writes to it. The input is the whole image file. */
public final class FuzzWrite {

  private FuzzWrite() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    new HostileImage(input).write(Arrays.hashCode(input));
  }
}
