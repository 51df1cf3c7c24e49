package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/** What is done to amendments by name: {@code cut}. */
public final class AmendRuns implements Consumer<String> {

  @Override
  public void accept(String line) {
    if (!line.equals("cut")) {
      throw new IllegalArgumentException("no run " + line);
    }
    try {
      ImageAmendTest.cutEach();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
