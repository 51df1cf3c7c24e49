package dev.drover.qcow2.sim;

import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Passes every I/O on to another file, counts them, and fails the ones it was told to. An armed
 * failure strikes once, unless armed with {@link #failFrom} or {@link #failEvery}. {@link #length}
 * is neither counted nor failed.
 */
public final class FailingBlockFile implements BlockFile {

  /** What kind of I/O. */
  public enum Kind {
    READ,
    WRITE,
    SET_LENGTH,
    SYNC,
    PUNCH
  }

  /** How an I/O fails. */
  public enum Failure {
    /** EIO, and nothing was done. A sync has dropped what was unsynced. */
    EIO,
    /** ENOSPC, and nothing was done. A read fails with EIO instead. */
    ENOSPC,
    /** A write stops half-way, at a byte that is no sector boundary, with EIO. */
    SHORT_WRITE,
    /** A write stops half-way with ENOSPC. */
    SHORT_WRITE_ENOSPC,
    /** The whole I/O was done, and still an error comes back. */
    EIO_AFTER
  }

  /** One I/O: the range is {@code [offset, offset + length)}; of SYNC both are 0. */
  public record Io(Kind kind, long offset, long length) {

    @Override
    public String toString() {
      return kind == Kind.SYNC ? "SYNC" : kind + " " + offset + "+" + length;
    }
  }

  /** An error that this class made up; real ones never look like it. */
  public static final class InjectedException extends IOException {
    private static final long serialVersionUID = 1;

    InjectedException(Io io, long number) {
      super("injected failure of I/O " + number + " (" + io + ")");
    }
  }

  private record Armed(Predicate<Io> which, long from, boolean once, Failure how) {}

  private final BlockFile disk;

  /** Who counts and says what fails: itself, or the file that it stands beside. */
  private final FailingBlockFile counter;

  private final List<Armed> armed = new ArrayList<>();
  private final List<Io> trace = new ArrayList<>();
  private long failures;
  private int grain = 1;

  public FailingBlockFile(BlockFile disk) {
    this.disk = disk;
    this.counter = this;
  }

  private FailingBlockFile(BlockFile disk, FailingBlockFile counter) {
    this.disk = disk;
    this.counter = counter;
  }

  /** Another file, whose I/Os are counted and failed as if they were this one's. */
  public FailingBlockFile beside(BlockFile other) {
    return new FailingBlockFile(other, this);
  }

  /**
   * A short write ends between two aligned 8-byte entries: for runs in which the power may go
   * before the process that saw it fail has finished the entry.
   */
  public synchronized FailingBlockFile keepEntriesWhole() {
    grain = Long.BYTES;
    return this;
  }

  /** Fails the {@code n}-th I/O from now on; 1 is the next one. */
  public synchronized FailingBlockFile failAt(long n, Failure how) {
    armed.add(new Armed(io -> true, trace.size() + n, true, how));
    return this;
  }

  /** Fails the {@code n}-th I/O from now on and every one after it: the device is gone. */
  public synchronized FailingBlockFile failFrom(long n, Failure how) {
    armed.add(new Armed(io -> true, trace.size() + n, false, how));
    return this;
  }

  /** Fails the next I/O that {@code which} picks. */
  public synchronized FailingBlockFile failNext(Predicate<Io> which, Failure how) {
    armed.add(new Armed(which, 0, true, how));
    return this;
  }

  /** Fails every I/O that {@code which} picks. */
  public synchronized FailingBlockFile failEvery(Predicate<Io> which, Failure how) {
    armed.add(new Armed(which, 0, false, how));
    return this;
  }

  /** From now on nothing fails. */
  public synchronized void heal() {
    armed.clear();
  }

  /** I/Os so far, the failed ones included. */
  public synchronized long ios() {
    return trace.size();
  }

  /** Failures injected so far. */
  public synchronized long failures() {
    return failures;
  }

  /** Every I/O so far, the failed ones included. */
  public synchronized List<Io> trace() {
    return List.copyOf(trace);
  }

  private Failure count(Io io) {
    return counter.countHere(io);
  }

  private synchronized Failure countHere(Io io) {
    trace.add(io);
    for (Armed failure : armed) {
      if (trace.size() >= failure.from && failure.which.test(io)) {
        if (failure.once) {
          armed.remove(failure);
        }
        failures++;
        return failure.how;
      }
    }
    return null;
  }

  private InjectedException eio(Io io) {
    return new InjectedException(io, counter.ios());
  }

  private IOException full(Io io) {
    return new DiskFullException(name(), eio(io));
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    Io io = new Io(Kind.READ, offset, dst.remaining());
    if (count(io) != null) {
      throw eio(io);
    }
    disk.read(dst, offset);
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    Io io = new Io(Kind.WRITE, offset, src.remaining());
    switch (count(io)) {
      case null -> disk.write(src, offset);
      case EIO -> throw eio(io);
      case ENOSPC -> throw full(io);
      case SHORT_WRITE -> {
        half(src, offset);
        throw eio(io);
      }
      case SHORT_WRITE_ENOSPC -> {
        half(src, offset);
        throw full(io);
      }
      case EIO_AFTER -> {
        disk.write(src, offset);
        throw eio(io);
      }
    }
  }

  private void half(ByteBuffer src, long offset) throws IOException {
    int n = src.remaining() / 2;
    long end = offset + (n > 8 ? n - 4 : n);
    end -= end % grain;
    if (end > offset) {
      disk.write(src.slice(src.position(), (int) (end - offset)), offset);
    }
  }

  @Override
  public long length() throws IOException {
    return disk.length();
  }

  @Override
  public void setLength(long bytes) throws IOException {
    Io io = new Io(Kind.SET_LENGTH, bytes, 0);
    switch (count(io)) {
      case null -> disk.setLength(bytes);
      case EIO, SHORT_WRITE -> throw eio(io);
      case ENOSPC, SHORT_WRITE_ENOSPC -> throw full(io);
      case EIO_AFTER -> {
        disk.setLength(bytes);
        throw eio(io);
      }
    }
  }

  @Override
  public void sync() throws IOException {
    Io io = new Io(Kind.SYNC, 0, 0);
    switch (count(io)) {
      case null -> disk.sync();
      case EIO, SHORT_WRITE -> {
        dropUnsynced();
        throw eio(io);
      }
      case ENOSPC, SHORT_WRITE_ENOSPC -> {
        dropUnsynced();
        throw full(io);
      }
      case EIO_AFTER -> {
        disk.sync();
        throw eio(io);
      }
    }
  }

  private void dropUnsynced() {
    if (disk instanceof CrashingBlockFile crashing) {
      crashing.failSync();
    }
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    Io io = new Io(Kind.PUNCH, offset, length);
    switch (count(io)) {
      case null -> disk.punch(offset, length);
      case EIO, SHORT_WRITE -> throw eio(io);
      case ENOSPC, SHORT_WRITE_ENOSPC -> throw full(io);
      case EIO_AFTER -> {
        disk.punch(offset, length);
        throw eio(io);
      }
    }
  }

  @Override
  public String name() {
    return disk.name();
  }

  @Override
  public void close() throws IOException {
    disk.close();
  }
}
