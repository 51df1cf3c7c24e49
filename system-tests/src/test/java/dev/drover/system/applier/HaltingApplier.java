package dev.drover.system.applier;

import dev.drover.applier.ApplierException;
import dev.drover.applier.Compensation;
import dev.drover.applier.CompensationLog;
import dev.drover.applier.ImageFiles;
import dev.drover.applier.LocalHost;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.ReplicaPorts;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A process that follows a volume with one replica and dies, as by SIGKILL, at the moment that it
 * was told: {@code HaltingApplier BOOTSTRAP PREFIX IMAGE MOMENT}. Its first write of more than two
 * clusters fails, if the moment is one of a compensation.
 */
final class HaltingApplier {

  /** What it exits with, as a shell would say of SIGKILL. */
  static final int KILLED = 137;

  static final int CLUSTER_BYTES = 4096;
  private static final long SYNCED_BYTES = 512 << 10;

  /** When it dies. */
  enum Moment {
    BEFORE_PUBLISHING,
    BEFORE_GIVING_BACK,
    BEFORE_MARKING_DONE,
    AFTER_MARKING_DONE,
    /** With half a megabyte written and not synced. */
    BEFORE_A_SYNC
  }

  private HaltingApplier() {}

  public static void main(String[] arguments) throws Exception {
    KafkaSettings settings = new KafkaSettings(arguments[0], arguments[1], Map.of());
    Moment moment = Moment.valueOf(arguments[3]);
    KafkaRegistry registry = new KafkaRegistry(settings);
    VolumeDescriptor volume;
    try (KafkaVolumes volumes = new KafkaVolumes(settings, registry, Clock.systemUTC())) {
      volume = volumes.open(TestVolume.NAME).descriptor();
    }
    ImageFiles files = (path, create) -> hurt(path, create, moment);
    CompensationLog.Opener logs =
        (replica, incarnation) ->
            new HaltingLog(
                KafkaCompensationLog.following(settings, TestVolume.NAME)
                    .open(replica, incarnation),
                moment);
    ReplicaPorts ports =
        new ReplicaPorts(
            KafkaIntentSource.open(settings, volume), logs, registry, files, LocalHost.detect());
    Replica.start(volume, ReplicaOptions.of(Path.of(arguments[2])), ports)
        .done()
        .get(60, TimeUnit.SECONDS);
  }

  private static FailingBlockFile hurt(Path path, boolean create, Moment moment)
      throws java.io.IOException {
    FailingBlockFile file = new FailingBlockFile(ImageFiles.HOST.open(path, create));
    if (moment == Moment.BEFORE_A_SYNC) {
      long[] written = new long[1];
      file.failEvery(
          io -> {
            written[0] += io.kind() == Kind.WRITE ? io.length() : 0;
            if (io.kind() == Kind.SYNC && written[0] > SYNCED_BYTES) {
              halt();
            }
            return false;
          },
          Failure.EIO);
    } else {
      file.failNext(io -> io.kind() == Kind.WRITE && io.length() > 2 * CLUSTER_BYTES, Failure.EIO);
    }
    return file;
  }

  private static void halt() {
    Runtime.getRuntime().halt(KILLED);
  }

  private static final class HaltingLog extends ForwardingCompensationLog {
    private final Moment moment;

    HaltingLog(CompensationLog log, Moment moment) {
      super(log);
      this.moment = moment;
    }

    @Override
    public void publish(Compensation compensation) throws ApplierException {
      haltAt(Moment.BEFORE_PUBLISHING);
      super.publish(compensation);
      haltAt(Moment.BEFORE_GIVING_BACK);
    }

    @Override
    public void doneAndCommit(List<Compensation> compensations, long offset)
        throws ApplierException {
      haltAt(Moment.BEFORE_MARKING_DONE);
      super.doneAndCommit(compensations, offset);
      haltAt(Moment.AFTER_MARKING_DONE);
    }

    private void haltAt(Moment here) {
      if (moment == here) {
        halt();
      }
    }
  }
}
