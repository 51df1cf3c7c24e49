package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes the bytes of a batch. Neighbouring clusters that take neighbouring bytes of one change
 * become one write; a new cluster that the batch does not wholly cover is put together in memory
 * and written whole, unless its space is known to read as zeroes (I-08).
 */
final class DataWriter {

  private static final int ZERO_BYTES = 1 << 16;
  private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(ZERO_BYTES).asReadOnlyBuffer();

  private final ImageCore core;
  private final Geometry geometry;
  private GuestChange.Write runSource;
  private int runPosition;
  private int runBytes;
  private long runHost;
  private boolean filled;

  DataWriter(ImageCore core) {
    this.core = core;
    this.geometry = core.geometry();
  }

  /** Whether bytes were written that no change of the batch holds: replay does not repeat them. */
  boolean hasFilled() {
    return filled;
  }

  void write(ClusterWork work) throws IOException {
    long start = work.guestCluster() << geometry.clusterBits();
    switch (work.kind()) {
      case IN_PLACE -> writeSegments(work, start, work.oldEntry() & L2Entry.OFFSET_MASK, false);
      case REVIVED -> {
        long host = work.oldEntry() & L2Entry.OFFSET_MASK;
        if (work.covered() == geometry.clusterSize()) {
          writeSegments(work, start, host, false);
        } else {
          writeFilled(work, start, host);
        }
      }
      case NEW -> {
        Allocation allocation = work.allocation();
        long host = allocation.offset(geometry.clusterBits());
        boolean knownZero = allocation.knownZero() && core.readsAsZeroes(work);
        allocation.aboutToBeWritten();
        if (work.covered() == geometry.clusterSize() || knownZero) {
          writeSegments(work, start, host, knownZero);
        } else {
          writeFilled(work, start, host);
        }
      }
      case RESERVED -> {} // its entry says zero, whatever the cluster holds
      case PACKED -> {
        flush();
        work.allocations().forEach(Allocation::aboutToBeWritten);
        core.disk().writeData(work.place().start(), ByteBuffer.wrap(work.piece()));
      }
    }
  }

  private void writeSegments(ClusterWork work, long start, long host, boolean skipZeroes)
      throws IOException {
    for (Segment segment : work.segments()) {
      long at = host + (segment.start() - start);
      if (!segment.isZero()) {
        append(segment, at);
      } else if (!skipZeroes) {
        flush();
        writeZeroes(at, segment.length());
      }
    }
  }

  private void append(Segment segment, long at) throws IOException {
    boolean joins =
        runSource == segment.source()
            && runHost + runBytes == at
            && runPosition + runBytes == segment.sourcePosition();
    if (!joins) {
      flush();
      runSource = segment.source();
      runPosition = segment.sourcePosition();
      runHost = at;
    }
    runBytes += (int) segment.length();
  }

  /** Writes what is still being gathered. */
  void flush() throws IOException {
    if (runSource != null) {
      ByteBuffer bytes = runSource.data().slice(runPosition, runBytes);
      runSource = null;
      runBytes = 0;
      core.disk().writeData(runHost, bytes);
    }
  }

  private void writeZeroes(long at, long length) throws IOException {
    for (long done = 0; done < length; ) {
      int n = (int) Math.min(ZERO_BYTES, length - done);
      core.disk().writeData(at + done, ZEROES.slice(0, n));
      done += n;
    }
  }

  private void writeFilled(ClusterWork work, long start, long host) throws IOException {
    flush();
    ByteBuffer whole = ByteBuffer.allocate(geometry.clusterSize());
    core.readOld(work, whole);
    for (Segment segment : work.segments()) {
      int at = (int) (segment.start() - start);
      if (segment.isZero()) {
        for (int i = 0; i < segment.length(); i++) {
          whole.put(at + i, (byte) 0);
        }
      } else {
        whole.put(at, segment.bytes(), 0, (int) segment.length());
      }
    }
    filled = true;
    core.disk().writeData(host, whole.clear());
  }
}
