package dev.drover.journal;

import java.time.Duration;
import java.time.Instant;

/**
 * Decides whether a journal's last writer is alive, without trusting two hosts' clocks to agree. A
 * writer stamps records with its own clock, and a journal's time never runs backwards: so a record
 * that looks old, or that lies in the future, may be its writer's latest word of a second ago. In
 * that case the journal is watched for longer than a living writer is ever silent.
 *
 * <p>For one writer's question; asked again until it is decided.
 */
public final class WriterWatch {
  /** Longer than {@link WriterState#HEARTBEAT}, by what a heartbeat may be late. */
  static final Duration SILENCE = WriterState.HEARTBEAT.plusSeconds(2);

  /** What is known. */
  public enum Verdict {
    /** It has written just now. */
    ALIVE,
    /** It said goodbye, or was watched being silent; or there never was one. */
    GONE,
    /** Ask again in a moment. */
    UNDECIDED
  }

  private boolean watching;
  private boolean grew;
  private long watchedEnd;
  private long silentSince;

  /**
   * Judges by what the journal's end shows now.
   *
   * @param tail the journal's end
   * @param now by this host's clock
   * @param nanos as {@link System#nanoTime} counts
   */
  public Verdict judge(LogTail tail, Instant now, long nanos) {
    WriterState writer = tail.writer();
    if (writer == null || writer.closed()) {
      return Verdict.GONE;
    }
    Duration age = Duration.between(writer.lastSeen(), now).abs();
    if (age.compareTo(WriterState.ALIVE) < 0) {
      return Verdict.ALIVE;
    }
    if (!watching || tail.endOffset() > watchedEnd) {
      grew |= watching;
      watching = true;
      watchedEnd = tail.endOffset();
      silentSince = nanos;
    }
    if (nanos - silentSince >= SILENCE.toNanos()) {
      return Verdict.GONE;
    }
    return grew ? Verdict.ALIVE : Verdict.UNDECIDED;
  }
}
