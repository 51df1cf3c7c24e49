package dev.drover.qcow2.fuzz;

import java.io.IOException;

/** Opens, reads, maps and checks. The input is the whole image file. */
public final class FuzzRead {

  private FuzzRead() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    new HostileImage(input).look();
  }
}
