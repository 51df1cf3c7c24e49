package dev.drover.qcow2.exhaustive;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The slice of the exhaustive simulation that every build runs. {@code
 * -Ddrover.sequence=KIND:SCENE:WORD} does one sequence only, as a failure of any run tells.
 */
final class ExhaustiveSliceTest {

  private static final long SEED = Long.getLong("drover.seed", 1);
  private static final int LEAST = 100_000;

  /** The end of the refcount table, a large image, is in every build by another test. */
  private static final List<String> SLICE =
      List.of(
          "CUT:empty:2",
          "CUT:used:2",
          "CUT:snapshot:2",
          "CUT:backed:2",
          "CUT:block:2",
          "CUT:zstd:2",
          "CUT:1k:2",
          "CUT:4k:1",
          "CUT:sub:1",
          "CUT:subsnapshot:1:wxz",
          "CUT:subbacked:1:wpxzk",
          "CUT:sub1k:2:zV",
          "CUT:data:2:wpzkdDag",
          "CUT:raw:1",
          "FAULT:data:1",
          "FAULT:raw:1",
          "CUT:bitmaps:2:wgbqln",
          "CUT:bitmaps:1",
          "CUT:named:2",
          "FAULT:empty:1",
          "FAULT:used:1",
          "FAULT:snapshot:1",
          "FAULT:backed:2",
          "FAULT:block:1",
          "FAULT:1k:1",
          "FAULT:sub:1:wxzV",
          "FAULT:subbacked:1:p",
          "FAULT:bitmaps:1",
          "FAULT:named:1",
          "RANDOM:used:10",
          "RANDOM:snapshot:10",
          "RANDOM:bitmaps:3");

  @Test
  void everyShortSequenceHoldsAtEveryFaultAndCut() throws IOException {
    String sequence = System.getProperty("drover.sequence");
    if (sequence != null) {
      replay(sequence);
      return;
    }
    long start = System.nanoTime();
    Tally tally =
        new Exhaustive(SLICE.stream().map(Part::parse).toList(), SEED, null, Tally.Sampler.NONE)
            .run(2);
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
}
