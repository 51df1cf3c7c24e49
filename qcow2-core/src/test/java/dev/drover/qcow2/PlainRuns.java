package dev.drover.qcow2;

import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Random;
import java.util.function.Consumer;

/** The plain image's simulators by name: {@code cut xsx}, {@code cut-growing lF}, {@code grow}. */
public final class PlainRuns implements Consumer<String> {

  private static final long SEED = 20240607;

  public PlainRuns() throws IOException {
    PlainImageFaultTest.makeImages();
  }

  @Override
  public void accept(String line) {
    String[] words = line.split(" ");
    try {
      run(words[0], words[words.length - 1]);
    } catch (Qcow2Exception e) {
      if (e.code() == Qcow2Exception.Code.CORRUPT && e.getMessage().contains("refcount is 0")) {
        throw new InvariantViolation("I-03", "a table in use counts nowhere", e);
      }
      throw new UncheckedIOException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String name, String word) throws IOException {
    switch (name) {
      case "fail" -> PlainImageFaultTest.failEach(PlainImageFaultTest.empty, word);
      case "fail-growing" -> PlainImageFaultTest.failEach(PlainImageFaultTest.blockFull, word);
      case "cut" -> PlainImageFaultTest.cutEach(PlainImageFaultTest.empty, word, new Random(SEED));
      case "cut-growing" ->
          PlainImageFaultTest.cutEach(PlainImageFaultTest.blockFull, word, new Random(SEED));
      case "grow" -> new PlainImageFaultTest().theRefcountTableGrowsAtEveryFaultAndCut();
      default -> throw new IllegalArgumentException("no run " + name);
    }
  }
}
