package dev.drover.qcow2.fuzz;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DirtyBitmaps;
import dev.drover.qcow2.DiskCopy;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostMap;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.ImageMeasure;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.RawDisk;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Everything that a caller can do with an image that somebody else made. Whatever its bytes: a
 * result that the format allows, or a {@link Qcow2Exception}; anything else that is thrown here is
 * a defect.
 */
final class HostileImage {

  private static final int PIECE = 512;

  /** Disks can claim exabytes: so many pieces are looked at. */
  private static final int PIECES = 64;

  /** What is copied as a whole is at most so large. */
  static final int MAX_COPIED_BYTES = 1 << 20;

  static final CoreOptions BOUNDS = SmallImages.bounds(512, 16, 4);

  /** For a backing file a small disk, and for data zeroes that are enough for any small disk. */
  static final BackingOpener GATE =
      new BackingOpener() {
        @Override
        public GuestDisk open(String image, BackingReference reference) throws IOException {
          return HostileImage.backing();
        }

        @Override
        public BlockFile openData(String image, String name, boolean readOnly) {
          MemoryBlockFile data = new MemoryBlockFile("data");
          data.setLength(1 << 20);
          return data;
        }
      };

  private final MemoryBlockFile file;

  HostileImage(byte[] bytes) {
    this.file = new MemoryBlockFile("hostile.qcow2");
    file.write(ByteBuffer.wrap(bytes), 0);
  }

  MemoryBlockFile file() {
    return file;
  }

  /** Shorter than the disks above it. */
  static RawDisk backing() throws IOException {
    MemoryBlockFile below = new MemoryBlockFile("below.raw");
    below.setLength(8 << 10);
    below.write(ByteBuffer.wrap("below".getBytes(StandardCharsets.US_ASCII)), 5000);
    return new RawDisk(below);
  }

  // ---- looking ----

  void look() throws IOException {
    MemoryBlockFile before = file.copy();
    check(Repair.NONE);
    try {
      ImageInfo.read(file);
    } catch (Qcow2Exception e) {
      // refused, as it may be
    }
    content();
    map();
    bitmaps();
    copies();
    if (!before.sameContent(file)) {
      throw new AssertionError("looking has changed it");
    }
  }

  /** Whether the check could tell anything. */
  boolean check(Repair mode) throws IOException {
    try {
      ImageCheck.check(file, mode);
      return true;
    } catch (Qcow2Exception e) {
      return false;
    }
  }

  /** What can be read, piece by piece, of the disk and of its snapshots. */
  Map<String, ByteBuffer> content() throws IOException {
    Map<String, ByteBuffer> pieces = new HashMap<>();
    try (Qcow2Image image = Qcow2Image.open(file, true, GATE)) {
      read(image, "disk", pieces);
      int n = 0;
      for (SnapshotInfo snapshot : image.snapshots()) {
        if (n++ < 8) {
          snapshot(image, snapshot, pieces);
        }
      }
    } catch (Qcow2Exception e) {
      return pieces;
    }
    return pieces;
  }

  private static void snapshot(
      Qcow2Image image, SnapshotInfo snapshot, Map<String, ByteBuffer> pieces) throws IOException {
    try (Qcow2Image view = image.openSnapshot(snapshot.id())) {
      read(view, "snapshot " + snapshot.id(), pieces);
    } catch (Qcow2Exception e) {
      return; // refused
    }
  }

  private static void read(Qcow2Image image, String name, Map<String, ByteBuffer> pieces)
      throws IOException {
    long size = image.virtualSizeBytes();
    for (long at = 0; at < size && at < (long) PIECES * PIECE; at += PIECE) {
      ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, size - at));
      try {
        image.read(new GuestOffset(at), piece);
        pieces.put(name + " at " + at, piece.flip());
      } catch (Qcow2Exception e) {
        continue; // unreadable
      }
    }
  }

  private void map() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, true, GATE)) {
      walk(image.map(GuestOffset.ZERO));
      walk(HostMap.of(image, GuestOffset.ZERO, image.virtualSizeBytes()));
    } catch (Qcow2Exception e) {
      return;
    } catch (UncheckedIOException e) {
      requireTyped(e);
    }
  }

  private static void walk(Iterator<?> extents) {
    for (int n = 0; n < PIECES && extents.hasNext(); n++) {
      extents.next();
    }
  }

  static void requireTyped(UncheckedIOException e) {
    if (!(e.getCause() instanceof Qcow2Exception)) {
      throw e;
    }
  }

  /** Measured, and copied if it is small: the copy is the same disk. */
  private void copies() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, true, GATE)) {
      CreateOptions options =
          CreateOptions.ofSize(image.virtualSizeBytes()).withClusterSize(image.clusterSizeBytes());
      ImageMeasure.of(options, image);
      if (image.virtualSizeBytes() <= MAX_COPIED_BYTES) {
        MemoryBlockFile copy = new MemoryBlockFile("copy");
        try (Qcow2Image target = Qcow2Image.create(copy, options)) {
          new DiskCopy(image, 4096, bytes -> {}).into(target, false);
          requireSame(image, target);
        }
      }
    } catch (Qcow2Exception e) {
      return; // not to be read, or not to be had anew
    }
  }

  private static void requireSame(Qcow2Image image, Qcow2Image copy) throws IOException {
    ByteBuffer there = ByteBuffer.allocate((int) image.virtualSizeBytes());
    ByteBuffer here = ByteBuffer.allocate(there.capacity());
    image.read(GuestOffset.ZERO, there);
    copy.read(GuestOffset.ZERO, here);
    if (!there.flip().equals(here.flip())) {
      throw new AssertionError("the copy differs");
    }
  }

  private void bitmaps() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, true, GATE)) {
      for (BitmapInfo bitmap : image.bitmaps().list()) {
        if (!bitmap.inUse() && !bitmap.foreign()) {
          walk(image.bitmaps().dirtyRanges(bitmap.name()));
        }
      }
    } catch (Qcow2Exception e) {
      return;
    } catch (UncheckedIOException e) {
      requireTyped(e);
    }
  }

  // ---- changing ----

  /** With windows so small that a file stays small. */
  static Qcow2Image openForWriting(MemoryBlockFile file) throws IOException {
    return SmallImages.open(file, GATE, BOUNDS);
  }

  /** Writes, zeroes and discards as the seed says; what was written reads back. */
  void write(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (Qcow2Image image = openForWriting(file)) {
      long size = Math.min(image.virtualSizeBytes(), (long) PIECES * PIECE);
      for (int n = 0; n < 6 && size > PIECE; n++) {
        long at = random.nextLong(size - PIECE);
        switch (random.nextInt(5)) {
          case 0 -> image.writeZeroes(new GuestOffset(at), PIECE, random.nextBoolean());
          case 1 -> image.discard(new GuestOffset(at), PIECE);
          case 2 -> changeBitmaps(image, random.nextInt(5));
          default -> writeAndReadBack(image, at, random);
        }
      }
      image.flush();
    } catch (Qcow2Exception e) {
      nothingIsWrittenAfterCorruption();
    }
  }

  /** One of that name may be there or not, or be lost: then it is refused. */
  private static void changeBitmaps(Qcow2Image image, int choice) throws IOException {
    DirtyBitmaps bitmaps = image.bitmaps();
    try {
      switch (choice) {
        case 0 -> bitmaps.add("new", PIECE, true);
        case 1 -> bitmaps.remove("follows");
        case 2 -> bitmaps.clear("follows");
        case 3 -> bitmaps.merge("follows", bitmaps, "still");
        default -> bitmaps.enable("still");
      }
    } catch (Qcow2Exception e) {
      if (e.code() == Qcow2Exception.Code.CORRUPT) {
        throw e;
      }
    }
  }

  private static void writeAndReadBack(Qcow2Image image, long at, SplittableRandom random)
      throws IOException {
    byte[] bytes = new byte[PIECE];
    random.nextBytes(bytes);
    image.write(new GuestOffset(at), ByteBuffer.wrap(bytes));
    ByteBuffer back = ByteBuffer.allocate(PIECE);
    image.read(new GuestOffset(at), back);
    if (!back.flip().equals(ByteBuffer.wrap(bytes))) {
      throw new AssertionError("what was written at " + at + " does not read back");
    }
  }

  /** An image that has shown a bad pointer to a reader takes no write any more. */
  private void nothingIsWrittenAfterCorruption() throws IOException {
    try {
      Qcow2Image image = openForWriting(file);
      GuestOffset start = new GuestOffset(0);
      MemoryBlockFile opened = file.copy();
      try {
        image.read(start, ByteBuffer.allocate((int) Math.min(PIECE, image.virtualSizeBytes())));
      } catch (Qcow2Exception bad) {
        if (!bad.getMessage().contains("unpack")) { // no pointer: a guest's bytes alone are lost
          refuses(image, opened);
        }
      }
    } catch (Qcow2Exception e) {
      return; // it does not even open
    }
  }

  private void refuses(Qcow2Image image, MemoryBlockFile opened) throws IOException {
    try {
      image.write(new GuestOffset(0), ByteBuffer.allocate(1));
      throw new AssertionError("a write to an image known to be bad");
    } catch (Qcow2Exception e) {
      if (!opened.sameContent(file)) {
        throw new AssertionError("refused, and yet written to", e);
      }
    }
  }

  /** Whatever changes more than the guest's bytes, as the seed says. */
  void operate(long seed) throws IOException {
    new HostileOperations(file, new SplittableRandom(seed)).run();
  }

  /** Repairs; nothing that could be read is lost, and a second repair ends, too. */
  void repair() throws IOException {
    Map<String, ByteBuffer> before = content();
    if (!check(Repair.ALL)) {
      return;
    }
    Map<String, ByteBuffer> after = content();
    for (String piece : before.keySet()) {
      if (!before.get(piece).equals(after.get(piece))) {
        throw new AssertionError("repair has lost " + piece);
      }
    }
    check(Repair.ALL);
  }
}
