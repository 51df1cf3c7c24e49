package dev.drover.qcow2.exhaustive;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The slice of the exhaustive simulation that every build runs. {@code
 * -Ddrover.sequence=KIND:SCENE:WORD} does one sequence only, as a failure of any run tells.
 */
final class ExhaustiveSliceTest {

  private static final long SEED = Long.getLong("drover.seed", 1);
  private static final int LEAST = 100_000;

  @Test
  void everyShortSequenceHoldsAtEveryFaultAndCut() throws IOException {
    String sequence = System.getProperty("drover.sequence");
    if (sequence != null) {
      replay(sequence);
      return;
    }
    long start = System.nanoTime();
    Tally tally = new Exhaustive(slice(), SEED, null, Tally.Sampler.NONE).run(2);
    System.out.printf(
        "exhaustive slice: %s, seed %d, %d s%n",
        tally, SEED, (System.nanoTime() - start) / 1_000_000_000);
    assertTrue(tally.faults() + tally.states() >= LEAST, "too few: " + tally);
  }

  private static void replay(String sequence) throws IOException {
    String[] names = sequence.split(":");
    Tally tally = new Tally();
    Exhaustive.explore(Part.Kind.valueOf(names[0]), Scenes.make(names[1]), names[2], SEED, tally);
    System.out.println("exhaustive, " + sequence + ": " + tally);
  }

  private static List<Part> slice() {
    List<Part> parts = new ArrayList<>();
    for (String scene : Scenes.NAMES) {
      boolean large = scene.equals("table");
      parts.add(new Part(Part.Kind.CUT, scene, Scenes.letters(scene), large ? 1 : 2));
      parts.add(new Part(Part.Kind.FAULT, scene, Scenes.letters(scene), 1));
    }
    return parts;
  }
}
