package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostExtent;
import dev.drover.qcow2.HostExtent.Kind;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Lock;

/**
 * Walks a mapping and tells places: clusters that follow one another in the file are one extent, a
 * missing L2 table is one step.
 */
final class HostExtentIterator implements Iterator<HostExtent> {

  private static final long NOWHERE = -1;

  private final ImageCore core;
  private final Geometry geometry;
  private final Mapping mapping;
  private final ExtentIterator.Source l1;
  private final long end;
  private final Lock readLock;
  private long at;
  private Kind kind;
  private long host;

  /** Up to where, within the cluster, the last look has told. */
  private long alikeEnd;

  HostExtentIterator(ImageCore core, ExtentIterator.Source l1, long from, long end, Lock lock) {
    this.core = core;
    this.geometry = core.geometry();
    this.mapping = core.mapping();
    this.l1 = l1;
    this.at = from;
    this.end = end;
    this.readLock = lock;
  }

  @Override
  public boolean hasNext() {
    return at < end;
  }

  @Override
  public HostExtent next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    readLock.lock();
    try {
      long start = at;
      look();
      Kind first = kind;
      long place = host;
      do {
        at = stepEnd();
        if (at < end) {
          look();
        }
      } while (at < end && kind == first && follows(place, at - start));
      return new HostExtent(
          new GuestOffset(start),
          at - start,
          first,
          0,
          place == NOWHERE ? OptionalLong.empty() : OptionalLong.of(place),
          place == NOWHERE ? Optional.empty() : Optional.of(core.disk().dataName()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      readLock.unlock();
    }
  }

  private boolean follows(long place, long distance) {
    return place == NOWHERE ? host == NOWHERE : host == place + distance;
  }

  private void look() throws IOException {
    L2Entry entry = mapping.entry(l1.get(), at >>> geometry.clusterBits());
    int subcluster = geometry.subcluster(at);
    alikeEnd =
        geometry.roundDown(at) + (long) entry.alikeUpTo(subcluster) * geometry.subclusterBytes();
    host = NOWHERE;
    if (entry.isCompressed()) {
      kind = Kind.COMPRESSED;
      return;
    }
    long place = core.pointers().data(entry, at >>> geometry.clusterBits());
    boolean first = geometry.externalData() && geometry.extendedL2() && entry.isCopied();
    if (entry.hasPlace() || first) {
      host = place + geometry.inCluster(at);
    }
    kind =
        entry.isAllocated(subcluster)
            ? Kind.DATA
            : entry.isZero(subcluster) ? Kind.ZERO : Kind.HOLE;
  }

  private long stepEnd() throws IOException {
    int index = (int) (at / geometry.l2Bytes());
    long[] table = l1.get();
    boolean noTable = index >= table.length || !mapping.hasTable(table[index]);
    return Math.min(end, noTable ? (at / geometry.l2Bytes() + 1) * geometry.l2Bytes() : alikeEnd);
  }
}
