package dev.drover.qcow2.exhaustive;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/** The exhaustive simulator on one word: {@code CUT:used:wdc}. */
public final class ExhaustiveRuns implements Consumer<String> {

  private static final long SEED = 1;

  @Override
  public void accept(String sequence) {
    String[] names = sequence.split(":");
    try {
      Exhaustive.explore(
          Part.Kind.valueOf(names[0]), Scenes.make(names[1]), names[2], SEED, new Tally());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
