package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What an image may show after a cut or a failure: the disk as of the last flush, each sector of it
 * as that or any later operation left it (I-51); or, whole, what an unfinished change of structure
 * makes of it (I-15).
 */
final class Expected {

  private static final int SECTOR = 512;
  private static final int BYTE = 1;

  private final List<DiskModel> versions = new ArrayList<>();
  private DiskModel switched;

  /** What a flush, or the end, makes of it: the same disk, its bitmaps in the file. */
  private DiskModel closing;

  /** What of a disk is either old or new: a write that ended short ends within a sector. */
  private int grain = SECTOR;

  /** Which of the versions the last operation that is done has left. */
  private int lastDone;

  /** Everything so far is durable. */
  Expected(DiskModel flushed) {
    versions.add(flushed);
  }

  /** An operation is about to begin on what the earlier ones, all of them done, have left. */
  void begun(Operation operation) {
    DiskModel before = last();
    DiskModel after = operation.after(before);
    switch (operation.effect()) {
      case CONTENT -> versions.add(after);
      case STRUCTURE -> {
        switched = after;
        if (after.size() != before.size()) {
          versions.add(before.withBitmapsInUse());
        }
        if (after.size() < before.size()) {
          // what is cut off is zeroed before the size changes
          versions.add(before.filled(after.size(), before.size() - after.size(), 0));
        }
      }
      case FLUSH -> closing = after;
    }
  }

  /** It has returned. */
  void done(Operation operation) {
    if (operation.effect() == Operation.Effect.CONTENT) {
      lastDone = versions.size() - 1;
      return;
    }
    DiskModel now = closing != null ? closing : last();
    closing = null;
    versions.clear();
    versions.add(now);
    lastDone = 0;
    switched = null;
    grain = SECTOR;
  }

  /** Until the next flush each byte is old or new, for itself. */
  void mixed() {
    grain = BYTE;
  }

  /** Everything done is durable, whatever became of what was begun after it. */
  void flushed() {
    versions.subList(0, lastDone).clear();
    lastDone = 0;
  }

  /** The disk when all operations that were begun are done. */
  DiskModel last() {
    return switched != null ? switched : versions.getLast();
  }

  /** Throws unless the image shows what it may, in the ranges that are looked at. */
  void check(Qcow2Image image, List<Scene.Range> ranges) throws IOException {
    String why = mismatch(image, ranges, versions);
    if (why != null && switched != null) {
      boolean resized = switched.size() != versions.getLast().size();
      String other =
          mismatch(
              image,
              ranges,
              resized ? List.of(switched.withBitmapsInUse(), switched) : List.of(switched));
      if (other == null) {
        return;
      }
      throw new InvariantViolation(
          "I-15", "neither before (" + why + ") nor after (" + other + ")");
    }
    if (why != null) {
      throw new InvariantViolation("I-51", why);
    }
  }

  /** Null if every sector is as in one of them. */
  private String mismatch(Qcow2Image image, List<Scene.Range> ranges, List<DiskModel> allowed)
      throws IOException {
    DiskModel any = allowed.getFirst();
    if (image.virtualSizeBytes() != any.size()) {
      return "the disk has " + image.virtualSizeBytes() + " bytes, not " + any.size();
    }
    List<SnapshotInfo> snapshots = image.snapshots();
    if (snapshots.size() != any.snapshots().size()) {
      return "there are " + snapshots.size() + " snapshots, not " + any.snapshots().size();
    }
    for (DiskModel.Kept kept : any.snapshots()) {
      if (snapshots.stream().noneMatch(each -> each.name().equals(kept.name()))) {
        return "snapshot " + kept.name() + " is missing";
      }
      Qcow2Image view = image.openSnapshot(kept.name());
      if (view.virtualSizeBytes() != kept.content().length) {
        return "snapshot " + kept.name() + " has " + view.virtualSizeBytes() + " bytes";
      }
      String why = content(view, ranges, kept.content().length, List.of(kept.content()));
      if (why != null) {
        return "snapshot " + kept.name() + ": " + why;
      }
    }
    String bitmaps = new ExpectedBitmaps(allowed).mismatch(image, ranges);
    if (bitmaps != null) {
      return bitmaps;
    }
    return content(
        image, ranges, any.size(), allowed.stream().map(DiskModel::content).distinct().toList());
  }

  private String content(GuestDisk disk, List<Scene.Range> ranges, int size, List<byte[]> allowed)
      throws IOException {
    for (Scene.Range range : ranges) {
      int end = Math.min(size, range.end());
      if (range.start() >= end) {
        continue;
      }
      byte[] bytes = range.buffer();
      disk.read(new GuestOffset(range.start()), ByteBuffer.wrap(bytes, 0, end - range.start()));
      byte[] newest = allowed.getLast();
      if (Arrays.equals(bytes, 0, end - range.start(), newest, range.start(), end)) {
        continue;
      }
      for (int at = range.start(); at < end; at += grain) {
        if (!isOneOf(bytes, at - range.start(), at, allowed)) {
          return describe(at, bytes[at - range.start()], allowed);
        }
      }
    }
    return null;
  }

  private static String describe(int at, byte found, List<byte[]> allowed) {
    List<Byte> versions = allowed.stream().map(version -> version[at]).toList();
    return "what is at " + at + " begins with " + found + ", and its versions with " + versions;
  }

  private boolean isOneOf(byte[] bytes, int from, int at, List<byte[]> allowed) {
    for (byte[] version : allowed) {
      if (Arrays.equals(bytes, from, from + grain, version, at, at + grain)) {
        return true;
      }
    }
    return false;
  }
}
