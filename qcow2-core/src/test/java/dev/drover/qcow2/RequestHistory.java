package dev.drover.qcow2;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntToLongFunction;

/**
 * What requesters did to a disk, who of them at the same time, and so what may be read. Each sector
 * is a register of its own, and the disk's size is one more: a value that was seen is right if some
 * order of the changes explains it in which whatever ended before another began comes before it. A
 * change that failed may have happened or not; one that was refused has not.
 *
 * <p>Time is a count of events. Any thread.
 */
final class RequestHistory {

  /** One change, from its call to its return. */
  static final class Change {
    private final String what;
    private final int from;
    private final int to;
    private final IntToLongFunction values;
    private final long begun;
    private long ended = Long.MAX_VALUE;
    private boolean done;
    private boolean durable;
    private boolean copies;

    private Change(String what, int from, int to, IntToLongFunction values, long begun) {
      this.what = what;
      this.from = from;
      this.to = to;
      this.values = values;
      this.begun = begun;
    }

    long begun() {
      return begun;
    }

    private boolean covers(int register) {
      return from <= register && register < to;
    }

    private boolean hasFailed() {
      return !done && ended < Long.MAX_VALUE;
    }

    private boolean explains(int register, long value) {
      return value == MIXED && !done || values.applyAsLong(register) == value;
    }

    @Override
    public String toString() {
      String end = ended == Long.MAX_VALUE ? "…" : ended + (done ? "" : " failed");
      return "%s [%d, %s]%s".formatted(what, begun, end, durable ? " durable" : "");
    }
  }

  private static final class Snapshot {
    private final long called;
    private final long returned;
    private long[] content;

    Snapshot(long called, long returned) {
      this.called = called;
      this.returned = returned;
    }
  }

  /** The value of a sector that is old in part and new in part: a write that failed leaves that. */
  static final long MIXED = -1;

  private final int registers;
  private final List<Change> changes = new ArrayList<>();
  private final Map<String, Snapshot> snapshots = new TreeMap<>();
  private long clock;
  private long flushed;

  private RequestHistory(int registers, IntToLongFunction values) {
    this.registers = registers;
    Change first = begin("before", 0, registers, values);
    done(first);
    first.durable = true;
  }

  /** Of a disk as it is, with its snapshots, all of it durable. */
  static RequestHistory of(Qcow2Image image, int mostSectors) throws IOException {
    long[] content = Request.content(image);
    RequestHistory history =
        new RequestHistory(
            mostSectors + 1,
            register -> {
              if (register == mostSectors) {
                return content.length;
              }
              return register < content.length ? content[register] : 0;
            });
    for (SnapshotInfo found : image.snapshots()) {
      try (Qcow2Image view = image.openSnapshot(found.name())) {
        Snapshot snapshot = new Snapshot(0, 0);
        snapshot.content = Request.content(view);
        history.snapshots.put(found.name(), snapshot);
      }
    }
    return history;
  }

  /** For calls that nobody judges. */
  static RequestHistory unjudged() {
    return new RequestHistory(1, _ -> 0);
  }

  /** How many registers there are; the last is the disk's size in sectors. */
  int registers() {
    return registers;
  }

  /** A snapshot of what the disk held at some time between the two is there. */
  synchronized void snapshot(String name, long called, long returned) {
    snapshots.put(name, new Snapshot(called, returned));
  }

  /** It may be gone from now on. */
  synchronized void noSnapshot(String name) {
    snapshots.remove(name);
  }

  /** What it held when somebody looked at it first; null if nobody has, or it may be gone. */
  synchronized long[] snapshot(String name) {
    Snapshot found = snapshots.get(name);
    return found == null ? null : found.content;
  }

  /** The names of those that are certainly there. */
  synchronized List<String> snapshots() {
    return List.copyOf(snapshots.keySet());
  }

  /** Somebody looks at a snapshot: it is what the disk was, or what was seen before. */
  synchronized void seen(String name, long[] content) {
    Snapshot snapshot = snapshots.get(name);
    if (snapshot.content == null) {
      judge(content, 0, snapshot.called, snapshot.returned);
      snapshot.content = content;
    }
    if (snapshot.content.length != content.length) {
      throw new AssertionError(name + " has another size than when it was taken");
    }
    for (int i = 0; i < content.length; i++) {
      if (snapshot.content[i] != content[i] && !isUncertain(i)) {
        throw new AssertionError(
            "sector %d of %s was %x and is %x".formatted(i, name, snapshot.content[i], content[i]));
      }
    }
  }

  /** Whoever looked at the disk between two times may have seen this. */
  synchronized void judge(long[] values, int first, long begun, long ended) {
    for (int i = 0; i < values.length; i++) {
      if (!allows(first + i, values[i], begun, ended)) {
        throw new AssertionError(
            "sector %d is %x for a read of [%d, %d]: %s"
                .formatted(first + i, values[i], begun, ended, of(first + i)));
      }
    }
  }

  synchronized long now() {
    return ++clock;
  }

  /** A change of the registers [from, to) is called. */
  synchronized Change begin(String what, int from, int to, IntToLongFunction values) {
    Change change = new Change(what, from, to, values, now());
    changes.add(change);
    return change;
  }

  /** It makes the registers what a snapshot holds, as uncertain as that may be. */
  void copies(Change change) {
    change.copies = true;
  }

  /** It has returned. */
  synchronized void done(Change change) {
    change.done = true;
    change.ended = now();
  }

  /** It has returned, and promises to be durable by itself. */
  synchronized void durable(Change change) {
    done(change);
    change.durable = true;
  }

  /** It has thrown, and may have happened. */
  synchronized void failed(Change change) {
    change.ended = now();
  }

  /** It was refused before it did anything. */
  synchronized void refused(Change change) {
    changes.remove(change);
  }

  /** A flush called then has returned: what had returned before that is durable. */
  synchronized void flushed(long called) {
    flushed = Math.max(flushed, called);
  }

  /** Whether a register could have this value for who looked between two times. */
  synchronized boolean allows(int register, long value, long from, long to) {
    return explained(register, value, from, to, false);
  }

  /** Whether it could after a power cut now. */
  synchronized boolean survives(int register, long value) {
    return explained(register, value, Long.MAX_VALUE, Long.MAX_VALUE, true);
  }

  private boolean explained(int register, long value, long from, long to, boolean cut) {
    for (Change change : changes) {
      if (change.covers(register)
          && change.explains(register, value)
          && change.begun < to
          && !isReplaced(change, register, from, cut)) {
        return true;
      }
    }
    return false;
  }

  /** Whether another change certainly came after it and before that time. */
  private boolean isReplaced(Change change, int register, long time, boolean cut) {
    for (Change later : changes) {
      if (later.done
          && later.covers(register)
          && later.begun > change.ended
          && later.ended < time
          && !(later.copies && isUncertain(register))
          && (!cut || later.durable || later.ended < flushed)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether a call failed that was to change it: a failed sync may take back what it left, and from
   * a snapshot too.
   */
  private boolean isUncertain(int register) {
    return changes.stream().anyMatch(change -> change.covers(register) && change.hasFailed());
  }

  /** What was ever done to a register, for messages. */
  synchronized String of(int register) {
    return changes.stream().filter(change -> change.covers(register)).toList().toString();
  }
}
