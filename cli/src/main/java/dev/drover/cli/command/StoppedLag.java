package dev.drover.cli.command;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.kafka.DumpedRecord;
import dev.drover.journal.kafka.JournalDump;
import java.time.Instant;
import java.util.Optional;

/**
 * How far a replica is behind that no longer says so itself: the journal has gone on without it.
 * Two records tell, because each carries the running total of bytes.
 */
final class StoppedLag {
  private final JournalDump dump;
  private final long logEndOffset;
  private final Instant now;

  StoppedLag(JournalDump dump, Instant now) throws JournalException {
    this.dump = dump;
    this.logEndOffset = dump.end();
    this.now = now;
  }

  /** Whether nobody keeps this status up to date any more. */
  static boolean concerns(ReplicaStatus status) {
    return status.state() == ReplicaStatus.State.STOPPED || status.ended();
  }

  /** The same status with today's lag, if nobody else keeps it up to date. */
  ReplicaStatus refreshed(ReplicaStatus status) throws JournalException {
    if (!concerns(status)) {
      return status;
    }
    long records = Math.max(0, logEndOffset - status.appliedOffset());
    if (records == 0) {
      return status.behind(logEndOffset, 0, 0, 0);
    }
    long total = lastTotal(logEndOffset);
    long applied = lastTotal(status.appliedOffset());
    double seconds =
        record(status.appliedOffset())
            .map(oldest -> Math.max(0, now.toEpochMilli() - oldest.timestampMillis()) / 1000.0)
            .orElse(status.lagSeconds());
    return status.behind(logEndOffset, records, Math.max(0, total - applied), seconds);
  }

  /** The running total below an offset. An EPOCH record only guesses it: the one below knows. */
  private long lastTotal(long offset) throws JournalException {
    for (long at = offset - 1; at >= 0; at--) {
      Optional<JournalRecord> record = record(at);
      if (record.isEmpty()) {
        return 0;
      }
      if (!(record.get().intent() instanceof Intent.Epoch)) {
        return record.get().totalPayloadBytes();
      }
    }
    return 0;
  }

  private Optional<JournalRecord> record(long offset) throws JournalException {
    DumpedRecord[] found = new DumpedRecord[1];
    dump.dump(offset, offset + 1, each -> found[0] = each);
    return found[0] == null ? Optional.empty() : Optional.ofNullable(found[0].record());
  }
}
