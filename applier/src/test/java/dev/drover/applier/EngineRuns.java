package dev.drover.applier;

import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The engine's simulators by name: {@code cut story}, {@code fail structure EIO}, {@code storm 7}.
 */
final class EngineRuns implements Consumer<String> {

  @Override
  public void accept(String line) {
    String[] words = line.split(" ");
    try {
      run(words);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(String[] words) throws IOException {
    EngineCrashTest crashes = new EngineCrashTest();
    EngineFaultTest faults = new EngineFaultTest();
    switch (words[0]) {
      case "cut" -> EngineCrashTest.cutAtEveryIo(story(words[1]));
      case "fail-cut" -> EngineCrashTest.failThenCut(story(words[1]), 1, 3);
      case "kill-cut" -> EngineCrashTest.killThenCut(story(words[1]), 1, 20);
      case "cut-recovery" -> crashes.itMayGoAgainAtAnyIoOfTheRecovery();
      case "fail" -> EngineFaultTest.failEveryIo(story(words[1]), Failure.valueOf(words[2]));
      case "lost-sync" ->
          faults.aFailedSyncIsMadeUpForBeforeALogIsWaitedForThatMayBeAwayUntilTheProcessEnds();
      case "log-fails" -> faults.anyCallOfTheLogMayFailWhileACompensationIsUnderWay();
      case "log-dies" -> crashes.anyCallOfTheLogMayBeTheLastThingThatTheProcessDid();
      case "records" -> crashes.aCompensationOfTheLogChangesNoByteWhoeverItIsOf();
      case "cut-journal" -> crashes.aCutJournalBetweenThePositionAndMinRecoveryIsFoundOut();
      case "storm" -> EngineStormTest.storm(Integer.parseInt(words[1]));
      case "storms" -> {
        for (int seed = 0; seed < Integer.parseInt(words[1]); seed++) {
          EngineStormTest.storm(seed);
        }
      }
      default -> throw new IllegalArgumentException("no run " + words[0]);
    }
  }

  static Supplier<EngineRig> story(String name) {
    return switch (name) {
      case "story" -> Workloads::story;
      case "snapshot" -> Workloads::snapshotStory;
      case "structure" -> Workloads::structureStory;
      case "takeover" -> Workloads::takeoverStory;
      default -> throw new IllegalArgumentException("no story " + name);
    };
  }
}
