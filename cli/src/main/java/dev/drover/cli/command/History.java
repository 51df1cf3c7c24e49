package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.journal.HistoryReader;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSource;

/** What a verb asks of a volume's history. */
final class History {
  /** The history up to the journal's end now. */
  static JournalHistory read(Cluster cluster, VolumeDescriptor volume) throws JournalException {
    try (IntentSource source = KafkaIntentSource.openForLookup(cluster.settings(), volume)) {
      return new HistoryReader(volume, source, cluster.registry()).read();
    }
  }

  /** The newest live snapshot of that name, or a failure that names it. */
  static JournalHistory.Snapshot snapshot(JournalHistory history, String volume, String name) {
    return history
        .liveSnapshot(name)
        .orElseThrow(
            () ->
                CommandFailure.failed(
                    "SNAPSHOT_MISSING",
                    "volume %s has no snapshot %s".formatted(volume, name),
                    "see 'drover snapshot list " + volume + "'"));
  }

  private History() {}
}
