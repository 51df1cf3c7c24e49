package dev.drover.qcow2.tools;

import org.junit.jupiter.api.Assumptions;

/** What a test needs of the machine and {@link RequiresTools} has no name for. */
public final class Precondition {

  private Precondition() {}

  /**
   * Skips the running test unless {@code holds}, and says so on the console; where tools are
   * required it fails instead.
   *
   * @param missing what is not there, and what would bring it
   */
  public static void require(boolean holds, String missing) {
    if (holds) {
      return;
    }
    if (RequiredTools.isStrict()) {
      throw new AssertionError(missing + " (" + RequiredTools.STRICT + " is set)");
    }
    System.out.println("not checked: " + missing);
    Assumptions.abort(missing);
  }
}
