package dev.drover.cli.command;

import dev.drover.applier.LocalHost;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaControl;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Function;

/** Gets one intent of a verb into a journal, by the live gateway or, without one, by itself. */
final class Request {
  private static final int TRIES = 5;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The offset at which it is in the journal. */
  static long append(Cluster cluster, VolumeDescriptor volume, ControlRequest request)
      throws JournalException {
    return new KafkaControl(cluster.settings(), LocalHost.detect().name(), cluster.clock())
        .append(volume, request, PATIENCE);
  }

  /** An intent that is in the journal, and where. */
  record Appended(Intent intent, long offset) {}

  /**
   * Appends what {@code plan} decides, for which no gateway may serve the volume; decides again
   * when the journal has gone on meanwhile.
   */
  static Appended appendUnserved(
      Cluster cluster, VolumeDescriptor volume, Function<JournalHistory, Intent> plan)
      throws JournalException {
    KafkaControl control =
        new KafkaControl(cluster.settings(), LocalHost.detect().name(), cluster.clock());
    for (int i = 0; i < TRIES; i++) {
      JournalHistory history = History.read(cluster, volume);
      Intent intent = plan.apply(history);
      OptionalLong offset = control.appendUnserved(volume, intent, history);
      if (offset.isPresent()) {
        return new Appended(intent, offset.getAsLong());
      }
    }
    throw new JournalException(
        JournalException.Code.NOT_AVAILABLE,
        "volume %s: others append to its journal all the time".formatted(volume.name()));
  }

  /** The answer of the verbs that name a snapshot. */
  static void printSnapshot(Console console, String name, UUID uuid, long offset) {
    if (console.json()) {
      console.object(Fields.of("name", name).and("uuid", uuid.toString()).and("offset", offset));
    } else {
      console.line(Long.toString(offset));
    }
  }

  private Request() {}
}
