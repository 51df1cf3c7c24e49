package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/** What is done to images with the smallest L2 cache by name: {@code span}. */
public final class L2CacheRuns implements Consumer<String> {

  @Override
  public void accept(String line) {
    if (!line.equals("span")) {
      throw new IllegalArgumentException("no run " + line);
    }
    try {
      L2CacheTest.spansSlices();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
