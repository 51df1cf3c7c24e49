package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes the bytes of a batch. Neighbouring clusters that take neighbouring bytes of one change
 * become one write; new subclusters that the batch does not wholly cover are put together in memory
 * and written whole, unless their space is known to read as zeroes (I-08).
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
    switch (work.kind()) {
      case IN_PLACE, REVIVED -> writeSubclusters(work, work.oldEntry().offset(), false);
      case NEW -> {
        Allocation allocation = work.allocation();
        boolean knownZero = allocation.knownZero();
        allocation.aboutToBeWritten();
        writeSubclusters(work, allocation.offset(geometry.clusterBits()), knownZero);
      }
      case RESERVED -> {} // its entry says zero, whatever the cluster holds
      case PACKED -> {
        flush();
        work.allocations().forEach(Allocation::aboutToBeWritten);
        core.disk().writeData(work.place().start(), ByteBuffer.wrap(work.piece()));
      }
    }
  }

  /** Into a host cluster: what changes where it is, and what gets a place there. */
  private void writeSubclusters(ClusterWork work, long host, boolean knownZero) throws IOException {
    int readsZero = core.zeroing().readsAsZeroes(work.oldEntry());
    int fresh = work.fresh();
    int overwritten = work.overwritten();
    for (int at = 0; at < L2Entry.SUBCLUSTERS; ) {
      int freshRun = L2Entry.runLength(fresh, at);
      int run = Math.max(freshRun, L2Entry.runLength(overwritten, at));
      if (run > 0) {
        Piece piece = piece(work, host, at, at + run);
        boolean skipZeroes = knownZero && (L2Entry.set(at, at + run) & ~readsZero) == 0;
        if (freshRun == 0 || skipZeroes || piece.isCovered()) {
          writeSegments(piece, skipZeroes);
        } else {
          writeFilled(work, piece);
        }
      }
      at += Math.max(run, 1);
    }
  }

  /**
   * Neighbouring subclusters.
   *
   * @param start their first guest byte
   * @param host where that is in the file
   * @param segments what the batch writes into them
   */
  private record Piece(long start, long bytes, long host, List<Segment> segments) {

    boolean isCovered() {
      return segments.stream().mapToLong(Segment::length).sum() == bytes;
    }
  }

  private Piece piece(ClusterWork work, long host, int from, int to) {
    long within = (long) from * geometry.subclusterBytes();
    long bytes = (long) (to - from) * geometry.subclusterBytes();
    long start = (work.guestCluster() << geometry.clusterBits()) + within;
    List<Segment> inside =
        work.segments().stream()
            .filter(segment -> segment.start() < start + bytes && segment.end() > start)
            .map(segment -> segment.clip(start, start + bytes))
            .toList();
    return new Piece(start, bytes, host + within, inside);
  }

  private void writeSegments(Piece piece, boolean skipZeroes) throws IOException {
    for (Segment segment : piece.segments()) {
      long at = piece.host() + (segment.start() - piece.start());
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

  private void writeFilled(ClusterWork work, Piece piece) throws IOException {
    flush();
    ByteBuffer whole = ByteBuffer.allocate((int) piece.bytes());
    core.readOld(work, piece.start(), whole);
    for (Segment segment : piece.segments()) {
      int at = (int) (segment.start() - piece.start());
      if (segment.isZero()) {
        for (int i = 0; i < segment.length(); i++) {
          whole.put(at + i, (byte) 0);
        }
      } else {
        whole.put(at, segment.bytes(), 0, (int) segment.length());
      }
    }
    filled = true;
    core.disk().writeData(piece.host(), whole.clear());
  }
}
