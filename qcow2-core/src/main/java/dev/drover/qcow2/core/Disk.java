package dev.drover.qcow2.core;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The image's file, and its external data file if it has one, as the write path sees them. They are
 * one thing as far as durability goes: the data file is synced first, and a sync of both has failed
 * if either has. It remembers every metadata write since the last good fdatasync, because a failed
 * one may have dropped any of them (I-14) and a failed write may have done any part of it: memory
 * is the truth, and the file is made to agree again before the next fdatasync counts.
 *
 * <p>Why nothing here ever "undoes" a metadata write: the caller changed its tables before it
 * called, so the only way forward is to finish. What is not wanted any more is dropped with {@link
 * #forget}.
 *
 * <p><b>Threads.</b> {@link #readTable}, {@link #readData}, {@link #writeData} and {@link
 * #syncsBegun} may be called by any thread at any time; everything else belongs to the writing
 * thread, or to whoever holds the metadata lock. Guest bytes may therefore be on their way while an
 * fdatasync runs, and such a sync says nothing about them: {@link #coversDataBefore} tells.
 */
final class Disk {

  /** Something that has to be in the file when the next fdatasync returns. */
  private sealed interface Unsynced {
    record Bytes(long offset, byte[] bytes) implements Unsynced {}

    record Length(long bytes) implements Unsynced {}
  }

  private final BlockFile file;

  /** Where guest bytes are: the same, or the external data file. */
  private final BlockFile data;

  private final List<Unsynced> unsynced = new ArrayList<>();
  private long unsyncedBytes;
  private volatile boolean behind;
  private volatile boolean syncFailed;
  private volatile boolean written;
  private volatile boolean dataWritten;
  private volatile long syncsBegun;
  private long lastGoodSync;
  private long syncs;
  private long failedSyncs;

  Disk(BlockFile file, Optional<BlockFile> dataFile) {
    this.file = file;
    this.data = dataFile.orElse(file);
  }

  /** What messages call the file that guest bytes are in. */
  String dataName() {
    return data.name();
  }

  String name() {
    return file.name();
  }

  long length() throws IOException {
    return file.length();
  }

  /** Reads metadata: what was written last, even where the file does not have it yet. */
  void readTable(byte[] destination, long offset) throws IOException {
    file.read(ByteBuffer.wrap(destination), offset);
    if (behind) {
      overlay(destination, offset);
    }
  }

  private void overlay(byte[] destination, long offset) {
    synchronized (unsynced) {
      for (Unsynced each : unsynced) {
        if (each instanceof Unsynced.Bytes(long at, byte[] bytes)) {
          long from = Math.max(at, offset);
          long to = Math.min(at + bytes.length, offset + destination.length);
          if (from < to) {
            int length = (int) (to - from);
            System.arraycopy(bytes, (int) (from - at), destination, (int) (from - offset), length);
          }
        }
      }
    }
  }

  /** Reads guest bytes. */
  void readData(ByteBuffer destination, long offset) throws IOException {
    data.read(destination, offset);
  }

  /** Writes metadata. After a throw it counts as written: the next {@link #sync} sees to it. */
  void writeTable(long offset, ByteBuffer source) throws IOException {
    byte[] bytes = new byte[source.remaining()];
    source.get(bytes);
    synchronized (unsynced) {
      unsynced.add(new Unsynced.Bytes(offset, bytes));
    }
    unsyncedBytes += bytes.length;
    written = true;
    try {
      file.write(ByteBuffer.wrap(bytes), offset);
    } catch (IOException | RuntimeException e) {
      behind = true;
      throw e;
    }
  }

  /** Writes guest bytes. After a throw any part may be in the file; the caller comes again. */
  void writeData(long offset, ByteBuffer source) throws IOException {
    try {
      data.write(source, offset);
    } finally {
      dataChanged();
    }
  }

  /** The same for zeroes, with or without giving their space back to the host. */
  void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
    try {
      data.writeZeroes(offset, length, mayUnmap);
    } finally {
      dataChanged();
    }
  }

  /** After a write, so that an fdatasync that ran meanwhile does not take it back. */
  private void dataChanged() {
    dataWritten = true;
    written = true;
  }

  /** Writes what nothing in the image leads to yet, as {@link #writeData} writes. */
  void writeNew(long offset, ByteBuffer source) throws IOException {
    try {
      file.write(source, offset);
    } finally {
      written = true;
    }
  }

  /** As {@link #punch}, in the data file. */
  void punchData(long offset, long length) {
    try {
      data.punch(offset, length);
    } catch (IOException e) {
      return; // it only costs space
    } finally {
      dataChanged();
    }
  }

  /** Gives the data file a length, durably; not of an image without one. */
  void resizeData(long bytes) throws IOException {
    data.setLength(bytes);
    data.sync();
  }

  long dataLength() throws IOException {
    return data.length();
  }

  /** Extends the file; its new part reads as zeroes. After a throw it may be longer or not. */
  void extendTo(long bytes) throws IOException {
    written = true;
    file.setLength(bytes);
    synchronized (unsynced) {
      unsynced.add(new Unsynced.Length(bytes));
    }
  }

  /**
   * Gives the space of freed clusters back to the host. A failure only costs space: nobody relies
   * on what a punched range reads as, so it is not passed on.
   */
  boolean punch(long offset, long length) {
    try {
      file.punch(offset, length);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Drops what is remembered of clusters that hold no metadata any more: rewriting it later would
   * overwrite their next owner, or ask for space that the host does not have.
   */
  void forget(ClusterRuns freed, int clusterBits) {
    synchronized (unsynced) {
      unsynced.removeIf(
          each ->
              each instanceof Unsynced.Bytes(long at, byte[] _)
                  && freed.contains(at >>> clusterBits));
    }
  }

  /** Bytes remembered; a long operation syncs now and then to bound them. */
  long unsyncedBytes() {
    return unsyncedBytes;
  }

  /** Whether anything was written since the last good fdatasync. */
  boolean hasUnsynced() {
    return written || behind;
  }

  /** Whether an fdatasync failed and none has succeeded since. */
  boolean syncFailed() {
    return syncFailed;
  }

  /** How many fdatasyncs have failed. */
  long failedSyncs() {
    return failedSyncs;
  }

  /** How many fdatasyncs have succeeded. */
  long syncs() {
    return syncs;
  }

  /** How many fdatasyncs have begun; to be asked after a write, for {@link #coversDataBefore}. */
  long syncsBegun() {
    return syncsBegun;
  }

  /** Whether an fdatasync has succeeded that began after {@link #syncsBegun} was this. */
  boolean coversDataBefore(long begun) {
    return lastGoodSync > begun;
  }

  /** Makes everything written durable; first writes again what an earlier failure left open. */
  void sync() throws IOException {
    rewrite();
    long number = syncsBegun + 1;
    syncsBegun = number;
    written = false;
    boolean both = dataWritten && data != file;
    dataWritten = false;
    try {
      if (both) {
        data.sync();
      }
      file.sync();
    } catch (IOException | RuntimeException e) {
      written = true;
      dataWritten = true;
      behind = true;
      syncFailed = true;
      failedSyncs++;
      throw e;
    }
    synchronized (unsynced) {
      unsynced.clear();
    }
    unsyncedBytes = 0;
    lastGoodSync = number;
    syncFailed = false;
    syncs++;
  }

  private void rewrite() throws IOException {
    if (!behind) {
      return;
    }
    for (Unsynced each : List.copyOf(unsynced)) {
      switch (each) {
        case Unsynced.Bytes(long offset, byte[] bytes) ->
            file.write(ByteBuffer.wrap(bytes), offset);
        case Unsynced.Length(long bytes) -> {
          if (file.length() <= bytes) {
            file.setLength(bytes);
          }
        }
      }
    }
    behind = false;
  }

  void close() throws IOException {
    try {
      if (data != file) {
        data.close();
      }
    } finally {
      file.close();
    }
  }
}
