package dev.drover.qcow2.core;

import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;

/**
 * A bitmap of an open image: what the file has of it, and what has changed since that was stored.
 *
 * <p>The file says <i>in use</i> of three kinds: one that somebody else left so has lost its
 * content; one that this process marked is complete with the bits in memory, or, if it is
 * <i>foreign</i>, has lost its content from then on, for nothing is noted of it.
 */
final class OpenBitmap {

  private final Bitmap stored;
  private final DirtyBits added;
  private boolean marked;

  OpenBitmap(Bitmap stored, int clusterBits) {
    this.stored = stored;
    this.added = new DirtyBits(stored.granularityBits(), clusterBits);
  }

  /** As this process read or stored it: without the mark of this process. */
  Bitmap stored() {
    return stored;
  }

  /** What memory has beyond that. */
  DirtyBits added() {
    return added;
  }

  String name() {
    return stored.nameText();
  }

  /** Somebody left it in use: what it says means nothing. */
  boolean isLost() {
    return stored.isInUse();
  }

  /** It is another program's, and not to be used here. */
  boolean isForeign() {
    return stored.isForeign();
  }

  boolean follows() {
    return stored.isEnabled() && !isLost() && !isForeign();
  }

  /** Whether it means nothing any more after a change of the disk, unless that is noted. */
  boolean needsMark() {
    return stored.isEnabled() && !isLost();
  }

  /** Whether this process has marked it in use. */
  boolean isMarked() {
    return marked;
  }

  void mark() {
    marked = true;
  }

  /** The flags as they are in the file, or are on their way there. */
  int flags() {
    return marked ? stored.flags() | BitmapDirectory.IN_USE : stored.flags();
  }

  BitmapInfo info() {
    return new BitmapInfo(
        name(),
        1L << stored.granularityBits(),
        stored.isEnabled(),
        (flags() & BitmapDirectory.IN_USE) != 0,
        isForeign());
  }
}
