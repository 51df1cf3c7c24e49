package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Writes the bytes of a batch. Neighbouring clusters that take neighbouring bytes of one change
 * become one write; new subclusters that the batch does not wholly cover are put together in memory
 * and written whole, unless their space is known to read as zeroes (I-08). With an external data
 * file the bytes go there, and never behind the disk's end.
 */
final class DataWriter {

  private final ImageCore core;
  private final Geometry geometry;
  private final long diskEnd;
  private GuestChange.Write runSource;
  private int runPosition;
  private int runBytes;
  private long runHost;
  private long zeroBytes;
  private boolean zeroKeeps;
  private boolean filled;

  /**
   * @param diskEnd where the disk ends, as far as this batch knows
   */
  DataWriter(ImageCore core, long diskEnd) {
    this.core = core;
    this.diskEnd = diskEnd;
    this.geometry = core.geometry();
  }

  /** Whether bytes were written that no change of the batch holds: replay does not repeat them. */
  boolean hasFilled() {
    return filled;
  }

  void write(ClusterWork work) throws IOException {
    switch (work.kind()) {
      case IN_PLACE, REVIVED -> writeSubclusters(work, work.oldEntry().offset(), false);
      case EXTERNAL -> writeSubclusters(work, work.guestCluster() << geometry.clusterBits(), false);
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
        core.disk().writeNew(work.place().start(), ByteBuffer.wrap(work.piece()));
      }
    }
  }

  /** Into a host cluster: what changes where it is, and what gets a place there. */
  private void writeSubclusters(ClusterWork work, long host, boolean knownZero) throws IOException {
    long start = work.guestCluster() << geometry.clusterBits();
    int readsZero = core.zeroing().at(start, core.backingEnd()).readsAsZeroes(work.oldEntry());
    int fresh = work.fresh();
    int overwritten = work.overwritten();
    for (int at = 0; at < L2Entry.SUBCLUSTERS; ) {
      int freshRun = L2Entry.runLength(fresh, at);
      int run = Math.max(freshRun, L2Entry.runLength(overwritten, at));
      Piece piece = piece(work, host, at, at + run);
      if (piece.bytes() > 0) {
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
    long start = (work.guestCluster() << geometry.clusterBits()) + within;
    long whole = (long) (to - from) * geometry.subclusterBytes();
    long bytes = geometry.externalData() ? Math.min(whole, diskEnd - start) : whole;
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
        appendZeroes(segment, at);
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

  private void appendZeroes(Segment segment, long at) throws IOException {
    boolean joins =
        geometry.externalData()
            && zeroBytes > 0
            && runHost + zeroBytes == at
            && zeroKeeps == segment.keep();
    if (!joins) {
      flush();
      runHost = at;
      zeroKeeps = segment.keep();
    }
    zeroBytes += segment.length();
  }

  /** Writes what is still being gathered. */
  void flush() throws IOException {
    if (zeroBytes > 0) {
      long bytes = zeroBytes;
      zeroBytes = 0;
      core.disk().writeZeroes(runHost, bytes, geometry.externalData() && !zeroKeeps);
    }
    if (runSource != null) {
      ByteBuffer bytes = runSource.data().slice(runPosition, runBytes);
      runSource = null;
      runBytes = 0;
      core.disk().writeData(runHost, bytes);
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

  /**
   * Gives the space that zeroed clusters have in a data file back to the host. It may be before the
   * entries say zero: what is punched reads as before, or as it is going to.
   */
  void dropZeroed(TableWork work) throws IOException {
    if (!geometry.externalData()
        || !core.allocator().passes(DiscardClass.REQUEST)
        || work.zeroes().isEmpty()) {
      return;
    }
    long tableStart = work.l1Index() * geometry.l2Bytes();
    for (TableWork.ZeroRange range : work.zeroes()) {
      TablePart entries = core.mapping().copy(work.oldL1Entry(), range.from(), range.to());
      int first = -1;
      for (int i = range.from(); entries != null && !range.keep() && i <= range.to(); i++) {
        boolean placed = i < range.to() && entries.get(i).hasPlace();
        if (placed && first < 0) {
          first = i;
        } else if (!placed && first >= 0) {
          long at = tableStart + ((long) first << geometry.clusterBits());
          core.disk().punchData(at, (long) (i - first) << geometry.clusterBits());
          first = -1;
        }
      }
    }
  }
}
