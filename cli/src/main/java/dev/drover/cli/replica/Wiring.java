package dev.drover.cli.replica;

import dev.drover.applier.BaseImage;
import dev.drover.applier.ImagePosition;
import dev.drover.applier.LocalHost;
import dev.drover.applier.ReplicaMemory;
import dev.drover.applier.ReplicaPorts;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.journal.HistoryReader;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.CheckedVolume;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.TopicWarning;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** Puts Kafka's and the host's adapters behind the ports of the modules. */
final class Wiring {
  /**
   * The volume, checked, to be served or followed; what its topics promise too little of is said,
   * or refused where the volume or {@code durability=refuse} asks for that.
   */
  static CheckedVolume open(Session session, Cluster cluster, String volume)
      throws JournalException {
    CheckedVolume checked = cluster.volumes().open(volume);
    checked.requirePromises(session.settings().refusesWeakTopics());
    say(session, checked.warnings());
    return checked;
  }

  /** The same, to be read only: what is there may be rescued, however little its topic promises. */
  static VolumeDescriptor openToRead(Session session, Cluster cluster, String volume)
      throws JournalException {
    CheckedVolume checked = cluster.volumes().open(volume);
    say(session, checked.warnings());
    return checked.descriptor();
  }

  static void say(Session session, List<TopicWarning> warnings) {
    warnings.forEach(warning -> session.console().remark("warning: " + warning));
  }

  /** The ports of a replica that follows. The source is the replica's to close. */
  static ReplicaPorts following(
      Session session, Cluster cluster, VolumeDescriptor volume, ReplicaMemory memory)
      throws JournalException {
    return new ReplicaPorts(
        KafkaIntentSource.open(cluster.settings(), volume, memory.fetchBytes()),
        KafkaCompensationLog.following(cluster.settings(), volume.name()),
        cluster.registry(),
        session.files(),
        LocalHost.detect());
  }

  /** The ports of a replay. */
  static ReplicaPorts replaying(Session session, Cluster cluster, VolumeDescriptor volume)
      throws JournalException {
    return new ReplicaPorts(
        KafkaIntentSource.open(cluster.settings(), volume),
        KafkaCompensationLog.replaying(cluster.settings(), volume.name()),
        cluster.registry(),
        session.files(),
        LocalHost.detect());
  }

  /** A replica to begin from; where it is beyond the point, finding its place moves the source. */
  static BaseImage.Wanted base(
      Path image, Cluster cluster, VolumeDescriptor volume, ReplicaPorts ports) {
    HistoryReader history = new HistoryReader(volume, ports.source(), ports.registry());
    return new BaseImage.Wanted(image, history::read, cluster.registry());
  }

  /**
   * Where an image is in this volume's journal: the start if there is none yet, or if it follows
   * another volume, which is refused when it is opened.
   */
  static Position position(Path image, VolumeDescriptor volume) throws IOException {
    if (!Files.exists(image)) {
      return Position.START;
    }
    try (HostFile file = HostFile.openForReading(image)) {
      ImagePosition position = ImagePosition.read(file);
      return position.volume().equals(volume.uuid()) ? position.applied() : Position.START;
    }
  }

  /** Who an image is. */
  static UUID incarnation(Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      return ImagePosition.read(file).incarnation();
    }
  }

  private Wiring() {}
}
