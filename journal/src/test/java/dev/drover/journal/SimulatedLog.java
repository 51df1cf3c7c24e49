package dev.drover.journal;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;

/**
 * A log that does only what a test tells it to, when it tells it: records land, receipts come or do
 * not, readers are turned away. Several writers may be connected. One thread.
 */
final class SimulatedLog {
  static final UUID VOLUME = new UUID(3, 4);

  private final List<JournalRecord> records = new ArrayList<>();
  private final List<Line> lines = new ArrayList<>();
  private long millis = 1_000_000;
  private final SimulatedHost nearby = host(1, 0);
  private boolean away;
  private long nonce;

  /** What was handed over and has no receipt yet; {@code offset} is where it landed, or -1. */
  private static final class Sent {
    final JournalRecord record;
    final WriterLog.Receipt receipt;
    long offset = -1;

    Sent(JournalRecord record, WriterLog.Receipt receipt) {
      this.record = record;
      this.receipt = receipt;
    }
  }

  /** One line of appends. */
  final class Line implements WriterLog.Appender {
    private final SimulatedHost host;
    private final Deque<Sent> landed = new ArrayDeque<>();
    private final Deque<Sent> sent = new ArrayDeque<>();
    private boolean dead;

    private Line(SimulatedHost host) {
      this.host = host;
    }

    @Override
    public void append(JournalRecord record, WriterLog.Receipt receipt) {
      if (dead) {
        receipt.failed(new IllegalStateException("closed"));
      } else {
        sent.add(new Sent(record, receipt));
      }
    }

    @Override
    public void abort() {
      dead = true;
    }

    /** The next record reaches the log, also on a dead line: it was on the wire. */
    boolean land() {
      Sent next = sent.poll();
      if (next == null) {
        return false;
      }
      next.offset = records.size();
      records.add(next.record);
      landed.add(next);
      return true;
    }

    /** The next landed record's receipt arrives. */
    boolean acknowledge(boolean told) {
      Sent next = landed.poll();
      if (next == null) {
        return false;
      }
      next.receipt.acknowledged(told ? next.offset : WriterLog.Receipt.UNTOLD);
      return true;
    }

    /** Lands and acknowledges everything. */
    void settle() {
      while (land() || acknowledge(true)) {}
    }

    /**
     * The line fails at its oldest unreceipted record. What has landed stays; {@code onTheWire}
     * more may land later; nothing behind them ever does.
     */
    void fail(int onTheWire) {
      dead = true;
      List<Sent> failed = new ArrayList<>(landed);
      failed.addAll(sent);
      landed.clear();
      while (sent.size() > onTheWire) {
        sent.removeLast();
      }
      failed.forEach(s -> s.receipt.failed(new IllegalStateException("delivery failed")));
    }

    /** Where the writer runs whose line it is. */
    SimulatedHost host() {
      return host;
    }

    boolean isDead() {
      return dead;
    }
  }

  private final class View implements WriterLog {
    private final SimulatedHost host;

    private View(SimulatedHost host) {
      this.host = host;
    }

    @Override
    public long beginOffset() throws JournalException {
      refuseIfAway();
      return 0;
    }

    @Override
    public long endOffset() throws JournalException {
      refuseIfAway();
      return host.end(records.size());
    }

    @Override
    public List<Seen> read(long from, long to) throws JournalException {
      refuseIfAway();
      if (from > to || to > host.end(records.size())) {
        throw new JournalException(JournalException.Code.TRUNCATED, from + " to " + to);
      }
      List<Seen> found = new ArrayList<>();
      for (long offset = from; offset < to; offset++) {
        if (records.get((int) offset) != null) {
          found.add(new Seen(offset, records.get((int) offset)));
        }
      }
      return found;
    }

    @Override
    public Appender appender() throws JournalException {
      refuseIfAway();
      Line line = new Line(host);
      lines.add(line);
      return line;
    }

    @Override
    public void close() {}

    private void refuseIfAway() throws JournalException {
      if (away || !host.canRead()) {
        throw new JournalException(JournalException.Code.UNREACHABLE, "away");
      }
    }
  }

  List<JournalRecord> records() {
    return records;
  }

  List<Line> lines() {
    return lines;
  }

  Line lastLine() {
    return lines.getLast();
  }

  void away(boolean isAway) {
    away = isAway;
  }

  void pass(long passedMillis) {
    millis += passedMillis;
  }

  /** A record that somebody else has put there; null is a hole in the offsets. */
  long put(JournalRecord record) {
    records.add(record);
    return records.size() - 1;
  }

  /** Another writer's EPOCH. */
  long putEpoch(String host) {
    return put(
        JournalRecord.epoch(
            VOLUME,
            millis,
            0,
            new Intent.Epoch(new UUID(7, records.size()), host, new UUID(8, 8), "/" + host)));
  }

  /** A record of an epoch, however little it fits there. */
  long put(long epoch, long sequence, long acked, Intent intent) {
    return put(new JournalRecord(VOLUME, epoch, sequence, acked, millis, 0, intent));
  }

  LogView view() {
    return new View(nearby);
  }

  /** A writer that serves {@code image}; not stepped yet. */
  EpochWriter writer(String image, boolean takeOver) {
    return writer(image, takeOver, clock());
  }

  EpochWriter writer(String image, boolean takeOver, Clock clock) {
    return writer(nearby, image, takeOver, clock, Duration.ZERO);
  }

  /** A writer with clocks of its own, that is read from for so long on one proof. */
  EpochWriter writer(SimulatedHost host, String image, Duration lease) {
    return writer(host, image, true, host.clock(), lease);
  }

  private EpochWriter writer(
      SimulatedHost host, String image, boolean takeOver, Clock clock, Duration lease) {
    UUID incarnation = UUID.nameUUIDFromBytes(image.getBytes(StandardCharsets.UTF_8));
    return new EpochWriter(
        new View(host),
        new EpochWriter.Options(
            "j",
            VOLUME,
            host.name(),
            incarnation,
            image,
            takeOver,
            -1,
            Duration.ofSeconds(30),
            lease),
        clock,
        host::nanos,
        () -> new UUID(5, nonce++));
  }

  /** See {@link SimulatedHost}. */
  SimulatedHost host(double rate, long aheadMillis) {
    return host("host", rate, aheadMillis);
  }

  SimulatedHost host(String name, double rate, long aheadMillis) {
    return new SimulatedHost(name, () -> millis, rate, aheadMillis);
  }

  /** A writer that has its epoch, and nothing in flight. */
  EpochWriter ready(String image) {
    EpochWriter writer = writer(image, false);
    step(writer);
    lastLine().settle();
    step(writer);
    lastLine().settle();
    step(writer);
    return writer;
  }

  static void step(EpochWriter writer) {
    try {
      writer.step(Duration.ZERO);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The log's own time, plus what a writer's clock is ahead of it. */
  Clock clock(long aheadMillis) {
    return host(1, aheadMillis).clock();
  }

  Clock clock() {
    return clock(0);
  }

  /** What readers make of the log. */
  Paper.Outcome judge() {
    return Paper.read(VOLUME, records, Position.START);
  }
}
