package dev.drover.applier;

import static dev.drover.applier.EngineVerdict.clusters;
import static dev.drover.applier.EngineVerdict.hold;

import dev.drover.journal.Intent;
import dev.drover.qcow2.ImageWalk;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Watches what an engine tells Kafka, against the image as it is at that moment. */
final class LogWatch implements MemoryCompensationLog.Watcher {

  private final EngineRig rig;
  private MemoryBlockFile beforeStep;

  LogWatch(EngineRig rig) {
    this.rig = rig;
  }

  /** The engine is about to do whatever comes next. */
  void stepping() {
    beforeStep = rig.disk().crash(CrashingBlockFile.Survival.EVERYTHING);
  }

  /**
   * What is listed is not in use, unless a snapshot shares it or an earlier try has published it
   * under the same id, and then freed it; and nothing of it is freed before (I-37).
   */
  @Override
  public void publishing(Compensation compensation) {
    hold("I-34", compensation.clusterCount() > 0, "an empty compensation");
    offsetHeld(rig.log.groupOffset());
    try {
      ImageWalk before = ImageWalk.of(beforeStep);
      ImageWalk now = ImageWalk.of(rig.disk());
      Set<Long> earlier = publishedAs(compensation.id());
      boolean shares = sharesClusters();
      for (long cluster : clusters(compensation)) {
        long counted = now.refcount(cluster);
        int references = now.references(cluster);
        boolean mayBeUsed = shares || earlier.contains(cluster);
        hold(
            "I-30",
            counted >= references && (references == 0 || mayBeUsed),
            "listed, and in use: cluster %d counts %d with %d references"
                .formatted(cluster, counted, references));
        hold(
            "I-37",
            counted >= before.refcount(cluster) || mayBeUsed,
            "freed before it was published: cluster " + cluster);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Set<Long> publishedAs(String id) {
    return rig.log.all().stream()
        .filter(each -> each.id().equals(id))
        .flatMap(each -> clusters(each).stream())
        .collect(Collectors.toSet());
  }

  private boolean sharesClusters() {
    return JournalModel.entries(rig.journal).stream()
        .anyMatch(entry -> entry.record().intent() instanceof Intent.SnapshotCreate);
  }

  /** What is marked done is freed, durably, and not in use again (I-37). */
  @Override
  public void committing(List<Compensation> done, long offset) {
    offsetHeld(offset);
    hold("I-35", offset >= rig.log.groupOffset(), "the group offset falls to " + offset);
    if (done.isEmpty()) {
      return;
    }
    try {
      ImageWalk durable = ImageWalk.of(rig.disk().crash(CrashingBlockFile.Survival.NOTHING));
      for (Compensation compensation : done) {
        for (long cluster : clusters(compensation)) {
          long counted = durable.refcount(cluster);
          int references = durable.references(cluster);
          hold(
              "I-37",
              counted == references,
              "done, and not freed: cluster %d counts %d with %d references"
                  .formatted(cluster, counted, references));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void offsetHeld(long offset) {
    long durable = EngineRig.durableState(rig.disk()).applied().nextOffset();
    hold(
        "I-35",
        offset <= durable,
        "Kafka is told %d, and the durable slot says %d".formatted(offset, durable));
  }
}
