package dev.drover.qcow2.core;

import dev.drover.qcow2.GuestExtent;
import dev.drover.qcow2.GuestExtent.Kind;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.L2Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.locks.Lock;

/** Walks a mapping, merging neighbours of one kind; a missing L2 table is one step. */
final class ExtentIterator implements Iterator<GuestExtent> {

  /** The L1 table to look through. */
  @FunctionalInterface
  interface Source {
    long[] get() throws IOException;
  }

  private final Geometry geometry;
  private final Mapping mapping;
  private final Source l1;
  private final long end;
  private final Lock readLock;
  private long at;

  ExtentIterator(
      Geometry geometry, Mapping mapping, Source l1, long from, long end, Lock readLock) {
    this.geometry = geometry;
    this.mapping = mapping;
    this.l1 = l1;
    this.at = from;
    this.end = end;
    this.readLock = readLock;
  }

  @Override
  public boolean hasNext() {
    return at < end;
  }

  @Override
  public GuestExtent next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    readLock.lock();
    try {
      long start = at;
      Kind kind = kindAt(at);
      do {
        at = stepEnd(at);
      } while (at < end && kindAt(at) == kind);
      return new GuestExtent(new GuestOffset(start), at - start, kind);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      readLock.unlock();
    }
  }

  private L2Entry entryAt(long offset) throws IOException {
    return mapping.entry(l1.get(), offset >>> geometry.clusterBits());
  }

  private Kind kindAt(long offset) throws IOException {
    L2Entry entry = entryAt(offset);
    int subcluster = geometry.subcluster(offset);
    if (entry.isCompressed() || entry.isAllocated(subcluster)) {
      return Kind.DATA;
    }
    return entry.isZero(subcluster) ? Kind.ZERO : Kind.HOLE;
  }

  private long stepEnd(long offset) throws IOException {
    int index = (int) (offset / geometry.l2Bytes());
    long[] table = l1.get();
    if (index >= table.length || !mapping.hasTable(table[index])) {
      return Math.min(end, (offset / geometry.l2Bytes() + 1) * geometry.l2Bytes());
    }
    int alike = entryAt(offset).alikeUpTo(geometry.subcluster(offset));
    return Math.min(end, geometry.roundDown(offset) + (long) alike * geometry.subclusterBytes());
  }
}
