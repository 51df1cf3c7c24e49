package dev.drover.applier;

import dev.drover.qcow2.mutants.MutantList;
import dev.drover.qcow2.mutants.MutantTrial;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The engine's simulators notice what they are there for; as {@code MutantsTest} of the image. */
final class EngineMutantsTest {

  private static final Path ROOT = Path.of("..");
  private static final Path MUTANTS = Path.of("src/test/mutants");

  @TestFactory
  Stream<DynamicTest> aSimulatorNoticesEachDefect() throws IOException {
    MutantTrial trial = new MutantTrial(ROOT, Map.of("engine", EngineRuns.class));
    return MutantTrial.selected(MUTANTS)
        .map(mutant -> DynamicTest.dynamicTest(mutant.toString(), () -> trial.judge(mutant)));
  }

  @Test
  void theListInTheDocsIsTheOneThatRuns() throws IOException {
    MutantList.assertListed(ROOT, "applier");
  }
}
