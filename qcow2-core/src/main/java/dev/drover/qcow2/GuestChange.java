package dev.drover.qcow2;

import java.nio.ByteBuffer;

/** One change of the virtual disk's content. A batch is an ordered list of them. */
public sealed interface GuestChange {

  /** Where the change begins. */
  GuestOffset offset();

  /** How many bytes it covers; at least 1. */
  long length();

  /** The first offset behind the change. */
  default long end() {
    return offset().bytes() + length();
  }

  /**
   * New bytes. The buffer's content between position and limit is read, any number of times, until
   * the batch is committed; neither is moved. The caller must not change the bytes until then.
   */
  record Write(GuestOffset offset, ByteBuffer data) implements GuestChange {

    /** Refuses an empty write, which has no meaning and would hide a planner's error. */
    public Write {
      if (!data.hasRemaining()) {
        throw new IllegalArgumentException("an empty write at " + offset);
      }
      Math.addExact(offset.bytes(), (long) data.remaining());
    }

    @Override
    public long length() {
      return data.remaining();
    }
  }

  /**
   * The range reads as zeroes afterwards. With {@code keepAllocated} clusters that have space keep
   * it (their bytes are zeroed in place); else whole clusters are unlinked and freed. A hole stays
   * a hole either way: nothing is ever allocated for zeroes except where a backing file or a
   * snapshot would show through.
   */
  record Zero(GuestOffset offset, long length, boolean keepAllocated) implements GuestChange {

    /** Refuses an empty range, which has no meaning and would hide a planner's error. */
    public Zero {
      if (length < 1) {
        throw new IllegalArgumentException("zeroing " + length + " bytes at " + offset);
      }
      Math.addExact(offset.bytes(), length);
    }
  }
}
