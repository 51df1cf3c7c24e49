package dev.drover.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;

/** Several disks one behind the other, as one to read. Closing it closes them. */
public final class JoinedDisks implements GuestDisk {

  private final List<GuestDisk> parts;
  private final long[] starts;

  public JoinedDisks(List<? extends GuestDisk> parts) {
    this.parts = List.copyOf(parts);
    this.starts = new long[parts.size() + 1];
    for (int i = 0; i < starts.length - 1; i++) {
      starts[i + 1] = Math.addExact(starts[i], this.parts.get(i).virtualSizeBytes());
    }
  }

  @Override
  public long virtualSizeBytes() {
    return starts[parts.size()];
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), virtualSizeBytes());
    long at = offset.bytes();
    for (int i = 0; i < parts.size() && destination.hasRemaining(); i++) {
      if (at < starts[i + 1]) {
        int n = (int) Math.min(destination.remaining(), starts[i + 1] - at);
        parts.get(i).read(new GuestOffset(at - starts[i]), destination.slice().limit(n));
        destination.position(destination.position() + n);
        at += n;
      }
    }
  }

  /** The extents of each with its whole chain: places below it tell their file, and no depth. */
  @Override
  public Iterator<HostExtent> hostExtents(GuestOffset from) {
    List<Iterator<HostExtent>> maps = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (from.bytes() < starts[i + 1]) {
        long within = Math.max(0, from.bytes() - starts[i]);
        maps.add(shifted(HostMap.of(parts.get(i), new GuestOffset(within), Long.MAX_VALUE), i));
      }
    }
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        while (!maps.isEmpty() && !maps.getFirst().hasNext()) {
          maps.removeFirst();
        }
        return !maps.isEmpty();
      }

      @Override
      public HostExtent next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return maps.getFirst().next();
      }
    };
  }

  private Iterator<HostExtent> shifted(Iterator<HostExtent> extents, int part) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return extents.hasNext();
      }

      @Override
      public HostExtent next() {
        return extents.next().movedBy(starts[part]);
      }
    };
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (GuestDisk part : parts) {
      try {
        part.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
