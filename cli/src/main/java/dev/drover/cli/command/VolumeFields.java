package dev.drover.cli.command;

import dev.drover.cli.terminal.Fields;
import dev.drover.journal.Durability;
import dev.drover.journal.Intent;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import dev.drover.journal.kafka.TopicWarning;
import dev.drover.journal.kafka.VolumeReport;
import java.time.Instant;

/** A volume as JSON says it. */
final class VolumeFields {
  /** What {@code volume show} and {@code list} print. */
  static Fields of(VolumeReport report, Instant now) {
    VolumeDescriptor volume = report.descriptor();
    return Fields.of("name", volume.name())
        .and("uuid", volume.uuid().toString())
        .and("size", report.sizeBytes())
        .and("state", volume.state())
        .and("topic", volume.topic())
        .and("partitions", report.partitions())
        .and("replicationFactor", report.replicationFactor())
        .and("minInsyncReplicas", report.minInsyncReplicas())
        .and("firstOffset", report.firstOffset())
        .and("logEndOffset", report.logEndOffset())
        .and("writer", writer(report.writer(), now))
        .and("durability", durability(volume.asks()))
        .and("warnings", report.warnings().stream().map(TopicWarning::toString).toList())
        .andIf("trouble", report.trouble());
  }

  private static Object durability(Durability asks) {
    return Fields.of("policy", DurabilityFlags.word(asks.policy()))
        .and("replicationFactor", asks.replicationFactor())
        .and("minInsyncReplicas", asks.minInsyncReplicas())
        .map();
  }

  /** Null when nobody has ever written. */
  static Object writer(WriterState writer, Instant now) {
    if (writer == null) {
      return null;
    }
    return Fields.of("epoch", writer.epoch())
        .and("host", writer.host())
        .and("image", writer.image())
        .and("incarnation", incarnation(writer))
        .and("alive", writer.isAlive(now))
        .and("closed", writer.closed())
        .and("lastSeen", writer.lastSeen())
        .map();
  }

  /** Null for a verb that took an epoch for one record. */
  private static String incarnation(WriterState writer) {
    boolean image =
        writer.incarnation() != null && !writer.incarnation().equals(Intent.Epoch.NO_IMAGE);
    return image ? writer.incarnation().toString() : null;
  }

  /** The writer in a few words. */
  static String writerText(WriterState writer, Instant now) {
    if (writer == null) {
      return "none yet";
    }
    String state = writer.isAlive(now) ? "alive" : writer.closed() ? "closed" : "silent";
    return "%s on %s, epoch %d".formatted(state, writer.host(), writer.epoch());
  }

  private VolumeFields() {}
}
