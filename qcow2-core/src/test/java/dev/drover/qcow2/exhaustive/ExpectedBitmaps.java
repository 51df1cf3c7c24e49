package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.DirtyRange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;

/**
 * Holds an image's bitmaps against what it may show (I-25). One that can be read has every bit that
 * it had when the disk was as it was flushed last, one for every sector that differs from then, and
 * none that nobody asked for. One that cannot be read says so itself, and only where something was
 * changed that the file does not have.
 *
 * @param allowed versions of the disk, the one flushed last first
 */
record ExpectedBitmaps(List<DiskModel> allowed) {

  /** Null if they are as they may be. */
  String mismatch(Qcow2Image image, List<Scene.Range> ranges) throws IOException {
    List<BitmapInfo> found = image.bitmaps().list();
    List<Marks> oldest = allowed.getFirst().bitmaps();
    if (found.size() != oldest.size()) {
      return "there are " + found.size() + " bitmaps, not " + oldest.size();
    }
    for (int i = 0; i < found.size(); i++) {
      Marks marks = oldest.get(i);
      if (!found.get(i).name().equals(marks.name()) || found.get(i).enabled() != marks.enabled()) {
        return found.get(i) + " is not " + marks;
      }
      String why = mismatch(image, ranges, i);
      if (why != null) {
        return "bitmap " + marks.name() + ": " + why;
      }
    }
    return null;
  }

  private String mismatch(Qcow2Image image, List<Scene.Range> ranges, int index)
      throws IOException {
    Marks oldest = allowed.getFirst().bitmaps().get(index);
    BitSet bits;
    try {
      bits = bits(image.bitmaps().dirtyRanges(oldest.name()));
    } catch (Qcow2Exception e) {
      boolean everTrusted =
          allowed.stream().allMatch(version -> version.bitmaps().get(index).trusted());
      return everTrusted ? "lost, and nothing has changed: " + e.getMessage() : null;
    }
    if (!contains(bits, oldest.bits())) {
      return "has " + bits + ", and lacks some of " + oldest.bits();
    }
    BitSet newest = allowed.getLast().bitmaps().get(index).bits();
    if (!contains(newest, bits)) {
      return "has " + bits + ", at most " + newest + " were asked for";
    }
    return oldest.enabled() ? unnoted(image, ranges, bits) : null;
  }

  private static BitSet bits(Iterator<DirtyRange> ranges) {
    BitSet bits = new BitSet();
    ranges.forEachRemaining(
        range ->
            bits.set(
                (int) (range.start().bytes() / Marks.GRANULARITY),
                (int) ((range.end() - 1) / Marks.GRANULARITY) + 1));
    return bits;
  }

  private static boolean contains(BitSet all, BitSet some) {
    BitSet rest = (BitSet) some.clone();
    rest.andNot(all);
    return rest.isEmpty();
  }

  /** A sector that is not as it was flushed last, and that the bitmap calls unchanged. */
  private String unnoted(Qcow2Image image, List<Scene.Range> ranges, BitSet bits)
      throws IOException {
    byte[] flushed = allowed.getFirst().content();
    for (Scene.Range range : ranges) {
      int end = Math.min(flushed.length, range.end());
      if (range.start() >= end) {
        continue;
      }
      byte[] bytes = range.buffer();
      image.read(new GuestOffset(range.start()), ByteBuffer.wrap(bytes, 0, end - range.start()));
      for (int at = range.start(); at < end; at += Marks.GRANULARITY) {
        int to = Math.min(end, at + Marks.GRANULARITY);
        boolean same =
            Arrays.equals(bytes, at - range.start(), to - range.start(), flushed, at, to);
        if (!same && !bits.get(at / Marks.GRANULARITY)) {
          return "calls the sector at " + at + " unchanged";
        }
      }
    }
    return null;
  }
}
