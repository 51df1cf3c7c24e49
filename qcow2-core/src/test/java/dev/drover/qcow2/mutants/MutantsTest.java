package dev.drover.qcow2.mutants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.AmendRuns;
import dev.drover.qcow2.ChainRuns;
import dev.drover.qcow2.L2CacheRuns;
import dev.drover.qcow2.PlainRuns;
import dev.drover.qcow2.exhaustive.ExhaustiveRuns;
import dev.drover.qcow2.replica.ReplicaRuns;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The simulators notice what they are there for. To write a mutant: {@code -Ddrover.mutant=NAME}
 * tries it alone, {@code -Ddrover.mutant.run="replica cut *"} on another run than its own.
 */
final class MutantsTest {

  private static final Path ROOT = Path.of("..");
  private static final Path MUTANTS = Path.of("src/test/mutants");

  @TestFactory
  Stream<DynamicTest> aSimulatorNoticesEachDefect() throws IOException {
    MutantTrial trial =
        new MutantTrial(
            ROOT,
            Map.of(
                "replica",
                ReplicaRuns.class,
                "plain",
                PlainRuns.class,
                "exhaustive",
                ExhaustiveRuns.class,
                "chain",
                ChainRuns.class,
                "amend",
                AmendRuns.class,
                "l2-cache",
                L2CacheRuns.class));
    return MutantTrial.selected(MUTANTS)
        .map(mutant -> DynamicTest.dynamicTest(mutant.toString(), () -> trial.judge(mutant)));
  }

  @Test
  void theListInTheDocsIsTheOneThatRuns() throws IOException {
    MutantList.assertListed(ROOT, "qcow2-core");
  }

  @Test
  void aPatchThatNoLongerAppliesIsAnErrorAndSoIsOneThatAppliesTwice() {
    Mutant.Hunk hunk = new Mutant.Hunk(List.of(" a", "-b", "+c"));
    assertEquals("x\na\nc\ny", hunk.apply("x\n  a\n  b\ny", "F"));
    String gone =
        assertThrows(IllegalStateException.class, () -> hunk.apply("a", "F")).getMessage();
    assertTrue(gone.startsWith("the patch no longer applies: F"), gone);
    String twice =
        assertThrows(IllegalStateException.class, () -> hunk.apply("a\nb\na\nb", "F")).getMessage();
    assertTrue(twice.startsWith("the patch is ambiguous: F"), twice);
  }

  @Test
  void aViolationIsFoundBehindWhatItCaused() {
    InvariantViolation violation = new InvariantViolation("I-01", "it leaks");
    assertEquals(
        violation,
        InvariantViolation.in(new AssertionError("seed 1", new IOException(violation)))
            .orElseThrow());
    assertTrue(InvariantViolation.in(new AssertionError("I-01")).isEmpty());
  }
}
