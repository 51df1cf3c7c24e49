package dev.drover.qcow2.fuzz;

import java.io.IOException;

/** Repairs it. The input is the whole image file. */
public final class FuzzRepair {

  private FuzzRepair() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    new HostileImage(input).repair();
  }
}
