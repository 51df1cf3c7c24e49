package dev.drover.journal;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;

/**
 * A journal in memory that offers both ports, for tests of whoever reads or writes one. Records go
 * through the real codec and the real {@link EpochTracker}; only Kafka is missing. Deterministic:
 * one thread sees what it did at once, nothing happens by itself (no heartbeats), and {@code
 * poll(Duration.ZERO)} never waits. Thread-safe.
 *
 * <p>What can be injected: records of writers that are over ({@link #appendVoid}), lost records
 * with the broken tail behind them ({@link MemorySink#loseNext}), any record or bytes ({@link
 * #append}, {@link #appendBytes}), damage, truncation, trimming, a recreated topic, an absent
 * broker, and acknowledgements that are held back.
 */
public final class MemoryJournal {
  /** As Kafka would keep it. */
  record Stored(int leaderEpoch, ByteBuffer value) {}

  private final UUID volume;
  private final Clock clock;
  private final List<Stored> log = new ArrayList<>();
  private long begin;
  private int leaderEpoch;
  private int topic;
  private LongUnaryOperator dates = this::firstStampedFrom;
  private long lookedAt;
  private boolean away;
  private boolean holdAcks;
  private int maxPollRecords = Integer.MAX_VALUE;
  private MemorySink writer;
  private final List<Runnable> heldAcks = new ArrayList<>();

  /** An empty journal of this volume. */
  public MemoryJournal(UUID volume, Clock clock) {
    this.volume = volume;
    this.clock = clock;
  }

  /** The volume that it is of. */
  public UUID volume() {
    return volume;
  }

  Clock clock() {
    return clock;
  }

  /** A new reader at {@link Position#START}. */
  public IntentSource source() {
    return new MemorySource(this);
  }

  /** A new writer, which takes the next epoch; the one before is fenced. */
  public MemorySink sink() throws JournalException {
    return sink("host-a", Intent.Epoch.NO_IMAGE, "");
  }

  /** A new writer, with what its EPOCH record says. */
  public MemorySink sink(String host, UUID incarnation, String image) throws JournalException {
    MemorySink next;
    MemorySink before;
    synchronized (this) {
      Position end = judgedEnd();
      UUID nonce = new UUID(topic, log.size());
      long epoch =
          append(
              JournalRecord.epoch(
                  volume,
                  Math.max(end.timestampMillis(), clock.millis()),
                  end.totalPayloadBytes(),
                  new Intent.Epoch(nonce, host, incarnation, image)));
      next = new MemorySink(this, judgedEnd(), epoch);
      before = writer;
      writer = next;
    }
    if (before != null) {
      before.fence(next.epoch());
    }
    return next;
  }

  /** Where a reader of everything ends; the counting records' total and time are in it. */
  private Position judgedEnd() throws JournalException {
    try (IntentSource source = source()) {
      source.seek(Position.START);
      while (!source.poll(Duration.ZERO).isEmpty()) {
        // to the end, or to a broken tail, which the next EPOCH will end
      }
      return source.position();
    }
  }

  /** Appends a record as any producer could; returns its offset. */
  public synchronized long append(JournalRecord record) {
    return appendBytes(RecordCodec.encode(record));
  }

  /** Appends bytes as any producer could; returns their offset. */
  public synchronized long appendBytes(ByteBuffer value) {
    log.add(new Stored(leaderEpoch, value));
    notifyAll();
    return log.size() - 1;
  }

  /** Appends a harmless late record of a writer that is over: of the first epoch ever. */
  public synchronized long appendVoid(Intent intent) {
    if (writer == null || writer.epoch() == 0) {
      throw new IllegalStateException("a void record needs two epochs, the first one at 0");
    }
    long sequence = Long.MAX_VALUE - log.size();
    return append(new JournalRecord(volume, 0, sequence, -1, clock.millis(), 0, intent));
  }

  /** Flips a bit in the last byte of a record. */
  public synchronized void damage(long offset) {
    ByteBuffer value = stored(offset).value();
    ByteBuffer hurt = ByteBuffer.allocate(value.limit()).put(value.duplicate()).flip();
    hurt.put(hurt.limit() - 1, (byte) (hurt.get(hurt.limit() - 1) ^ 1));
    log.set((int) offset, new Stored(stored(offset).leaderEpoch(), hurt));
  }

  /** Forgets everything from here on, as an unclean election does; a new leader goes on. */
  public synchronized void truncate(long newEnd) {
    log.subList((int) newEnd, log.size()).clear();
    leaderEpoch++;
  }

  /** A new leader goes on, and nothing is lost. */
  public synchronized void electLeader() {
    leaderEpoch++;
  }

  /** Forgets everything below. */
  public synchronized void trim(long newBegin) {
    begin = newBegin;
  }

  /** Another topic of the same name, empty. */
  public synchronized void recreate() {
    topic++;
    log.clear();
    begin = 0;
    leaderEpoch = 0;
    writer = null;
  }

  /** While away, everything that would ask a broker fails as UNREACHABLE. */
  public synchronized void setAway(boolean nowAway) {
    away = nowAway;
    notifyAll();
  }

  /** How many entries a poll returns at most. */
  public synchronized void setMaxPollRecords(int most) {
    maxPollRecords = most;
  }

  /** Whether appends stay unacknowledged until {@link #releaseAcks}. */
  public synchronized void setHoldAcks(boolean hold) {
    holdAcks = hold;
  }

  /** Acknowledges everything that was held back, in order. */
  public void releaseAcks() {
    List<Runnable> acks;
    synchronized (this) {
      acks = List.copyOf(heldAcks);
      heldAcks.clear();
    }
    acks.forEach(Runnable::run);
  }

  /** Runs an acknowledgement now, or keeps it; never while the journal is locked. */
  void acknowledge(Runnable ack) {
    synchronized (this) {
      if (holdAcks) {
        heldAcks.add(ack);
        return;
      }
    }
    ack.run();
  }

  synchronized boolean isWriter(MemorySink sink) {
    return writer == sink;
  }

  /** The offset behind the last record. */
  public synchronized long end() {
    return log.size();
  }

  /** Where {@link IntentSource#dated} says that a time is, from now on; by default the truth. */
  public synchronized void setDates(LongUnaryOperator offsetOfMillis) {
    dates = offsetOfMillis;
  }

  synchronized long dated(long millis) {
    return dates.applyAsLong(millis);
  }

  private synchronized long firstStampedFrom(long millis) {
    long offset = begin;
    while (offset < end() && decoded(offset).timestampMillis() < millis) {
      offset++;
    }
    return offset;
  }

  private JournalRecord decoded(long offset) {
    try {
      return RecordCodec.decode(stored(offset).value());
    } catch (JournalException e) {
      throw new IllegalStateException(e);
    }
  }

  /** How many records were looked at out of order. */
  public synchronized long recordsLookedAt() {
    return lookedAt;
  }

  /** A look at any place. */
  LogView view() {
    return new LogView() {
      @Override
      public long beginOffset() {
        return begin();
      }

      @Override
      public long endOffset() {
        return end();
      }

      @Override
      public List<Seen> read(long from, long to) {
        synchronized (MemoryJournal.this) {
          lookedAt += to - from;
          return LongStream.range(from, to).mapToObj(at -> new Seen(at, decoded(at))).toList();
        }
      }

      @Override
      public void close() {}
    };
  }

  synchronized long begin() {
    return begin;
  }

  synchronized int maxPollRecords() {
    return maxPollRecords;
  }

  synchronized boolean isAway() {
    return away;
  }

  synchronized Stored stored(long offset) {
    return log.get((int) offset);
  }

  /** Which journal it is; another one after {@link #recreate}. */
  public synchronized JournalIdentity identity() {
    return new JournalIdentity("memory-cluster", "memory-topic-" + topic);
  }
}
