package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;
import java.util.function.LongConsumer;

/**
 * Compares what two guests would see. Ranges that both disks know to be zero are not read, so empty
 * disks of any size compare at once.
 */
public final class ImageCompare {

  private static final int CHUNK_BYTES = 1 << 20;

  private final DiskCursor one;
  private final DiskCursor other;
  private final ByteBuffer oneBytes = ByteBuffer.allocate(CHUNK_BYTES);
  private final ByteBuffer otherBytes = ByteBuffer.allocate(CHUNK_BYTES);
  private OptionalLong firstOtherKind = OptionalLong.empty();

  private ImageCompare(GuestDisk one, GuestDisk other) {
    this.one = new DiskCursor(one);
    this.other = new DiskCursor(other);
  }

  public static Comparison compare(GuestDisk one, GuestDisk other) throws IOException {
    return compare(one, other, compared -> {});
  }

  /**
   * Compares up to the first difference.
   *
   * @param progress told how many bytes have been compared, now and then
   */
  public static Comparison compare(GuestDisk one, GuestDisk other, LongConsumer progress)
      throws IOException {
    try {
      ImageCompare compare = new ImageCompare(one, other);
      OptionalLong firstDifference = compare.firstDifference(progress);
      return new Comparison(
          firstDifference,
          compare.firstOtherKind,
          one.virtualSizeBytes(),
          other.virtualSizeBytes());
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
  }

  private OptionalLong firstDifference(LongConsumer progress) throws IOException {
    long end = Math.max(one.size(), other.size());
    long at = 0;
    while (at < end) {
      one.moveTo(at);
      other.moveTo(at);
      long next = Math.min(end, Math.min(one.end(), other.end()));
      if (firstOtherKind.isEmpty() && !one.isOfSameKindAs(other)) {
        firstOtherKind = OptionalLong.of(at);
      }
      if (!one.isZero() || !other.isZero()) {
        next = Math.min(next, at + CHUNK_BYTES);
        int mismatch = mismatch(at, (int) (next - at));
        if (mismatch >= 0) {
          return OptionalLong.of(at + mismatch);
        }
      }
      at = next;
      progress.accept(at);
    }
    return OptionalLong.empty();
  }

  private int mismatch(long at, int bytes) throws IOException {
    one.read(at, oneBytes.clear().limit(bytes));
    other.read(at, otherBytes.clear().limit(bytes));
    return oneBytes.mismatch(otherBytes);
  }
}
