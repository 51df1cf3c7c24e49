package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * Many requests at a time on one plain image. What a replica's one writer does in turn, each of
 * these does for itself, and this class keeps them apart.
 *
 * <p><b>One lock for what is known, none for what takes long.</b> Planning, taking space, barrier
 * and linking happen under the metadata lock; guest bytes, fill and new L2 tables are written
 * without it. So each step sees tables, refcounts and list as if it were alone, and requests on
 * different clusters have their I/O in flight together.
 *
 * <pre>
 *   arrive ─► plan ─► take space │ write data │ barrier ─► link ─► leave
 *     ▲        │                 │            │
 *     └ wait ◄─┘  metadata lock  │  no lock   │  metadata lock
 * </pre>
 *
 * <p><b>Who overlaps waits, and plans from scratch (I-60).</b> Between its plan and its link a
 * request relies on three things: what the entries of its clusters say, that the clusters it
 * overwrites stay theirs, and that no other gives the same L1 entry a table. So it occupies its
 * guest clusters, and with a new table everything under it ({@link InFlight}); who meets it waits,
 * and keeps nothing of its plan. A discard is a request like any other: it cannot unlink a cluster
 * that a writer is about to write to or to link (hazard R5). Snapshots, resizes, flushes and
 * whatever frees clusters occupy the whole image.
 *
 * <p><b>A failed request's clusters are given back when nobody is in flight (I-61).</b> It leaves
 * them on the {@link AllocationList}; whoever comes next waits until the last request in flight has
 * ended, and gives back what is then on the list. Only failed requests can have left it there, so
 * nobody needs to know which cluster was whose, and nobody can still depend on one. It costs a
 * pause of everything, after a failure.
 *
 * <p><b>A failed fdatasync concerns everybody (I-62).</b> Whoever called it, it may have dropped
 * the bytes of all. A request in flight writes its data again before its barrier counts. What was
 * answered since the last good flush is remembered here, in an order in which any two that overlap
 * were done, and the next flush writes it again before it syncs.
 *
 * <p>An fdatasync serves every request whose data was written when it began (I-63): those that wait
 * for the lock meanwhile need none of their own.
 */
public final class Requests {

  /** What is remembered since the last flush; more than this makes one by itself. */
  private static final long REMEMBERED_BYTES = 16L << 20;

  /** What a remembered change costs beside its bytes. */
  private static final int CHANGE_BYTES = 64;

  /** Something that needs the image for itself. */
  @FunctionalInterface
  public interface Exclusive {
    void run() throws IOException;
  }

  private final ImageCore core;
  private final Lock lock;
  private final java.util.concurrent.locks.Condition turns;
  private final InFlight inFlight = new InFlight();
  private final List<GuestChange> sinceFlush = new ArrayList<>();
  private long sinceFlushBytes;
  private long failuresMadeGood;
  private boolean leftovers;
  private boolean closed;

  /** Of an image that no other thread uses yet. */
  public Requests(ImageCore core) {
    this.core = core;
    this.lock = core.locks().metadata();
    this.turns = lock.newCondition();
  }

  /** Plans a batch anew each time it is asked for. */
  @FunctionalInterface
  private interface Plan {
    WriteBatch batch();
  }

  /**
   * Makes one change of guest content; returns when readers see it. Any thread.
   *
   * @throws IndexOutOfBoundsException when it leaves the disk as that is when its turn has come
   */
  public void change(GuestChange change) throws IOException {
    if (change instanceof GuestChange.Write && core.isDataFileRaw()) {
      // What reads as zeroes gets its place first, durably: then the bytes change in both views.
      InFlight.Range clusters = clusters(change);
      reserve(
          clusters.from(), Math.min(clusters.to(), core.geometry().clusters(core.virtualSize())));
    }
    run(clusters(change), () -> core.batch(List.of(change)), Optional.of(change));
  }

  /**
   * As {@link #change} for whole clusters that {@link ImageCore#compress} has packed.
   *
   * @param plain the same bytes, to be written like that when a failed sync makes it necessary, or
   *     when the disk has grown and its last cluster is not whole any more: rare, and safe
   */
  public void change(GuestChange.Write plain, List<byte[]> pieces) throws IOException {
    assert !core.hasDataFile() : "there is no place for compressed pieces";
    run(clusters(plain), () -> packed(plain, pieces), Optional.of(plain));
  }

  private WriteBatch packed(GuestChange.Write plain, List<byte[]> pieces) {
    Objects.checkFromIndexSize(plain.offset().bytes(), plain.length(), core.virtualSize());
    return core.geometry().isAligned(plain.end()) || plain.end() == core.virtualSize()
        ? core.packed(clusters(plain).from(), pieces)
        : core.batch(List.of(plain));
  }

  /** Gives space to clusters [from, to) that have none and read as zeroes. Any thread. */
  public void reserve(long from, long to) throws IOException {
    run(new InFlight.Range(from, to), () -> core.reserving(from, to), Optional.empty());
  }

  private void run(InFlight.Range clusters, Plan plan, Optional<GuestChange> change)
      throws IOException {
    lock.lock();
    InFlight.Request request = inFlight.arrive(clusters);
    boolean full;
    try {
      WriteBatch batch = admit(request, plan);
      if (change.isPresent()) {
        core.structure().bitmaps().touched(change.get());
      }
      perform(batch);
      change.ifPresent(this::remember);
      full = sinceFlushBytes > REMEMBERED_BYTES;
    } finally {
      leave(request);
    }
    if (full) {
      flush();
    }
  }

  /** Tells bitmaps of a range that somebody asked to change, though all of it may stay as it is. */
  public void touched(GuestOffset offset, long length) throws IOException {
    lock.lock();
    try {
      requireOpen();
      core.structure().bitmaps().touched(offset.bytes(), offset.bytes() + length);
    } finally {
      lock.unlock();
    }
  }

  private InFlight.Range clusters(GuestChange change) {
    int bits = core.geometry().clusterBits();
    return new InFlight.Range(change.offset().bytes() >>> bits, (change.end() - 1 >>> bits) + 1);
  }

  private void leave(InFlight.Request request) {
    inFlight.leave(request);
    turns.signalAll();
    lock.unlock();
  }

  /** Waits for this request's turn; its plan is then made, and everything in it occupied. */
  private WriteBatch admit(InFlight.Request request, Plan plan) throws IOException {
    while (true) {
      requireOpen();
      if (!inFlight.isBlocked(request) && mended()) {
        WriteBatch batch = plan.batch();
        batch.plan();
        request.occupy(newTables(batch));
        if (!inFlight.isBlocked(request)) {
          inFlight.admit(request);
          return batch;
        }
        request.occupy(List.of());
      }
      turns.awaitUninterruptibly(); // whatever was planned is of no account afterwards
    }
  }

  private List<InFlight.Range> newTables(WriteBatch batch) {
    long perTable = core.geometry().l2Entries();
    return batch.tables().stream()
        .filter(TableWork::needsNewTable)
        .map(work -> new InFlight.Range(work.l1Index() * perTable, (work.l1Index() + 1) * perTable))
        .toList();
  }

  /** Called with the lock held, and returns or throws with it held. */
  private void perform(WriteBatch batch) throws IOException {
    boolean linked = false;
    try {
      if (core.isDataFileRaw() && core.syncFailed()) {
        core.sync(); // places that were given may not be durable
      }
      batch.allocate();
      do {
        lock.unlock();
        try {
          batch.writeData();
        } finally {
          lock.lock();
        }
      } while (batch.mustWriteAgain());
      batch.barrier();
      batch.link();
      linked = true;
      if (core.isDataFileRaw() && batch.tables().stream().anyMatch(TableWork::changesTable)) {
        core.sync(); // before anybody writes into the places that it has given (I-65)
      }
    } finally {
      leftovers |= !linked;
    }
  }

  private void remember(GuestChange change) {
    sinceFlush.add(change);
    sinceFlushBytes += CHANGE_BYTES;
    if (change instanceof GuestChange.Write write) {
      sinceFlushBytes += write.length();
    }
  }

  /**
   * Whether nothing is left of failed requests. If something is, and nobody is in flight any more,
   * it is mended now; nobody is admitted before. What is known to be bad is left as it is.
   */
  private boolean mended() throws IOException {
    if (!core.isSound() || !leftovers && !core.structure().needsRecount()) {
      return true;
    }
    if (!inFlight.isDrained()) {
      return false;
    }
    if (core.structure().needsRecount()) {
      core.structure().repair(core.structure().recount());
    }
    if (leftovers) {
      giveBack();
    }
    turns.signalAll();
    return true;
  }

  private void giveBack() throws IOException {
    if (!core.isSound()) {
      return; // its refcounts are not to be trusted, and whoever repairs it frees what it leaks
    }
    leftovers = true;
    core.giveBack();
    leftovers = false;
  }

  /**
   * Makes everything that has returned durable, frees what it replaced, and gives back what is set
   * aside. Waits for what is in flight. Any thread.
   */
  public void flush() throws IOException {
    exclusively(() -> {});
  }

  /** Runs something on an image that is flushed and has no request in flight. Any thread. */
  public void exclusively(Exclusive action) throws IOException {
    lock.lock();
    InFlight.Request request = inFlight.arrive(InFlight.Range.WHOLE_IMAGE);
    try {
      requireOpen();
      while (inFlight.isBlocked(request) || !mended()) {
        turns.awaitUninterruptibly();
        requireOpen();
      }
      inFlight.admit(request);
      settle();
      action.run();
    } finally {
      leave(request);
    }
  }

  private void settle() throws IOException {
    long failures = core.failedSyncs();
    if (failures != failuresMadeGood) {
      writeAgain(); // a failed sync may have dropped any of it (I-14)
    }
    if (core.hasUnsynced()) {
      syncSound();
    }
    sinceFlush.clear();
    sinceFlushBytes = 0;
    failuresMadeGood = failures;
    giveBack();
  }

  private void syncSound() throws IOException {
    if (core.isSound()) {
      core.sync();
    } else {
      core.syncWritten();
    }
  }

  private void writeAgain() throws IOException {
    WriteBatch batch = core.batch(sinceFlush);
    leftovers = true;
    batch.allocate();
    batch.writeData();
    batch.barrier();
    batch.link();
    leftovers = false;
  }

  /**
   * Refuses everything that has not been admitted yet, waits for what is in flight, flushes, runs a
   * last action, and closes the files whatever came of that. Only the first call does anything.
   */
  public void close(Exclusive last, Exclusive files) throws IOException {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      turns.signalAll();
      while (!inFlight.isDrained()) {
        turns.awaitUninterruptibly();
      }
      try {
        mended();
        settle();
        last.run();
      } finally {
        files.run();
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the image " + core.disk().name() + " is closed");
    }
  }
}
