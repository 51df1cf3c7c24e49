package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.UUID;
import java.util.function.IntToLongFunction;

/** One call on an image, told to a {@link RequestHistory}. Offsets and lengths are in sectors. */
sealed interface Request {

  int SECTOR = 512;

  /** Calls; an IOException is told to the history too, and passed on. */
  void call(Qcow2Image image, RequestHistory history) throws IOException;

  /** What {@link #call} may throw. */
  @FunctionalInterface
  interface Call {
    void run() throws IOException;
  }

  /** A change that leaves nothing behind when it does not fit the disk. */
  private static void change(
      RequestHistory history, Request what, int from, int to, IntToLongFunction values, Call call)
      throws IOException {
    RequestHistory.Change change = history.begin(what.toString(), from, to, values);
    try {
      call.run();
      history.done(change);
    } catch (IndexOutOfBoundsException e) {
      history.refused(change);
    } catch (IOException e) {
      history.failed(change);
      throw e;
    }
  }

  /** The value of every sector: each its own, so that bytes in a wrong place are found out. */
  private static long value(int number, int sector) {
    return ((long) number << 20) + sector + 1;
  }

  private static ByteBuffer bytes(int number, int from, int sectors) {
    ByteBuffer bytes = ByteBuffer.allocate(sectors * SECTOR);
    for (int i = 0; i < sectors; i++) {
      for (int j = 0; j < SECTOR; j += Long.BYTES) {
        bytes.putLong(value(number, from + i));
      }
    }
    return bytes.flip();
  }

  /** The sectors' values; MIXED where a sector's bytes are not all of one. */
  static long[] values(ByteBuffer bytes) {
    long[] values = new long[bytes.remaining() / SECTOR];
    for (int i = 0; i < values.length; i++) {
      values[i] = bytes.getLong(i * SECTOR);
      for (int j = 0; j < SECTOR; j += Long.BYTES) {
        if (bytes.getLong(i * SECTOR + j) != values[i]) {
          values[i] = RequestHistory.MIXED;
          break;
        }
      }
    }
    return values;
  }

  /** All of a disk. */
  static long[] content(GuestDisk disk) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) disk.virtualSizeBytes());
    disk.read(new GuestOffset(0), bytes);
    return values(bytes.flip());
  }

  /** Writes sectors. */
  record Write(int number, int from, int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      change(
          history,
          this,
          from,
          from + sectors,
          sector -> value(number, sector),
          () -> image.write(new GuestOffset((long) from * SECTOR), bytes(number, from, sectors)));
    }
  }

  /** Writes sectors, which are whole clusters, compressed. */
  record Packed(int number, int from, int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      change(
          history,
          this,
          from,
          from + sectors,
          sector -> value(number, sector),
          () ->
              image.writeCompressed(
                  new GuestOffset((long) from * SECTOR), bytes(number, from, sectors)));
    }
  }

  /** Gives space to clusters that have none, which changes no content. */
  record Reserve(int from, int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      try {
        image.preallocate(new GuestOffset((long) from * SECTOR), (long) sectors * SECTOR);
      } catch (IndexOutOfBoundsException e) {
        // it was cut off meanwhile
      }
    }
  }

  /** Zeroes sectors. */
  record Zero(int from, int sectors, boolean unmap) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      change(
          history,
          this,
          from,
          from + sectors,
          _ -> 0,
          () ->
              image.writeZeroes(
                  new GuestOffset((long) from * SECTOR), (long) sectors * SECTOR, unmap));
    }
  }

  /** Discards sectors, which are whole clusters. */
  record Discard(int from, int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      change(
          history,
          this,
          from,
          from + sectors,
          _ -> 0,
          () -> image.discard(new GuestOffset((long) from * SECTOR), (long) sectors * SECTOR));
    }
  }

  /** Reads sectors, and judges what comes. */
  record Read(int from, int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(sectors * SECTOR);
      long begun = history.now();
      try {
        image.read(new GuestOffset((long) from * SECTOR), bytes);
      } catch (IndexOutOfBoundsException e) {
        return; // it was cut off meanwhile
      }
      history.judge(values(bytes.flip()), from, begun, history.now());
    }
  }

  /** Makes durable what has returned. */
  record Flush() implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      long called = history.now();
      image.flush();
      history.flushed(called);
    }
  }

  /** Takes a snapshot. */
  record Snapshot(int number) implements Request {

    String name() {
      return "s" + number;
    }

    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      UUID uuid = new UUID(2, number);
      long called = history.now();
      image.createSnapshot(
          new SnapshotSpec(uuid, name(), Instant.ofEpochSecond(number), new byte[0]));
      history.flushed(called);
      history.snapshot(name(), called, history.now());
    }
  }

  /** Looks at a snapshot. */
  record Look(String name) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      if (history.snapshots().contains(name)) {
        try (Qcow2Image view = image.openSnapshot(name)) {
          history.seen(name, content(view));
        }
      }
    }
  }

  /** Deletes a snapshot that is there. */
  record Delete(String name) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      long called = history.now();
      history.noSnapshot(name);
      image.deleteSnapshot(name);
      history.flushed(called);
    }
  }

  /** Makes the disk what a snapshot holds. */
  record Revert(String name) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      long[] content = history.snapshot(name);
      if (content == null) {
        return; // nobody knows what it holds, or whether it is there
      }
      int registers = history.registers();
      RequestHistory.Change change =
          history.begin(
              toString(),
              0,
              registers,
              register -> {
                if (register == registers - 1) {
                  return content.length;
                }
                return register < content.length ? content[register] : 0;
              });
      history.copies(change);
      try {
        image.revertToSnapshot(name);
        history.durable(change);
        history.flushed(change.begun());
      } catch (IOException e) {
        history.failed(change);
        throw e;
      }
    }
  }

  /** Changes the size: what is behind it is zeroes from then on. */
  record Resize(int sectors) implements Request {
    @Override
    public void call(Qcow2Image image, RequestHistory history) throws IOException {
      int size = history.registers() - 1;
      RequestHistory.Change change =
          history.begin(toString(), sectors, size + 1, register -> register == size ? sectors : 0);
      try {
        image.resize((long) sectors * SECTOR);
        history.durable(change);
        history.flushed(change.begun());
      } catch (IOException e) {
        history.failed(change);
        throw e;
      }
    }
  }
}
