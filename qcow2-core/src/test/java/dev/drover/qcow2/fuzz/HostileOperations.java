package dev.drover.qcow2.fuzz;

import dev.drover.qcow2.AmendOptions;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.DirtyBitmaps;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.ImageCommit;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.WritableDisk;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * What changes an image beside a guest's requests: snapshots, size, bitmaps, amend, commit, rebase.
 * An image that a check finds no fault with has none afterwards, and one that was refused as
 * corrupt is written to no more.
 */
final class HostileOperations {

  private static final int SECTOR = 512;

  /** The header's fields, which are written as one when a bit says that the image is corrupt. */
  private static final int FIELDS_BYTES = 104;

  private final MemoryBlockFile file;
  private final SplittableRandom random;

  HostileOperations(MemoryBlockFile file, SplittableRandom random) {
    this.file = file;
    this.random = random;
  }

  void run() throws IOException {
    boolean healthy = isClean();
    switch (random.nextInt(6)) {
      case 0 -> typed(this::amend);
      case 1 -> typed(this::rebase);
      default -> typed(this::change);
    }
    if (healthy && !isSound()) {
      throw new AssertionError(
          "an image without fault has one now: " + ImageCheck.check(file, Repair.NONE));
    }
  }

  private boolean isClean() throws IOException {
    try {
      return ImageCheck.check(file, Repair.NONE).isClean();
    } catch (Qcow2Exception e) {
      return false;
    }
  }

  /** It may leak: a check does not see what the image counts behind the file's end. */
  private boolean isSound() throws IOException {
    try {
      CheckReport report = ImageCheck.check(file, Repair.NONE);
      return report.corruptions() == 0 && report.checkErrors() == 0;
    } catch (Qcow2Exception e) {
      return false;
    }
  }

  private interface Operation {
    void run() throws IOException;
  }

  private static void typed(Operation operation) throws IOException {
    try {
      operation.run();
    } catch (Qcow2Exception e) {
      return; // refused, as it may be
    }
  }

  // ---- of an image that is open ----

  private void change() throws IOException {
    try (Qcow2Image image = HostileImage.openForWriting(file)) {
      for (int n = 0; n < 5; n++) {
        try {
          changeOnce(image);
        } catch (Qcow2Exception e) {
          if (e.code() == Code.CORRUPT && isKnownToBeBad(image)) {
            return;
          }
        }
      }
    }
  }

  private void changeOnce(Qcow2Image image) throws IOException {
    switch (random.nextInt(12)) {
      case 0, 1 -> snapshot(image);
      case 2 -> image.deleteSnapshot(anySnapshot(image));
      case 3 -> image.revertToSnapshot(anySnapshot(image));
      case 4, 5 -> resize(image);
      case 6, 7, 8 -> changeBitmap(image.bitmaps());
      case 9 -> commit(image);
      case 10 -> image.renameBacking(anyBacking());
      default -> write(image);
    }
  }

  private void snapshot(Qcow2Image image) throws IOException {
    long number = random.nextInt(100);
    image.createSnapshot(
        new SnapshotSpec(new UUID(7, number), "n" + number, Instant.EPOCH, new byte[0]));
    ByteBuffer piece = ByteBuffer.allocate((int) Math.min(SECTOR, image.virtualSizeBytes()));
    image.openSnapshot("n" + number).read(GuestOffset.ZERO, piece);
  }

  private String anySnapshot(Qcow2Image image) {
    List<SnapshotInfo> there = image.snapshots();
    return there.isEmpty() ? "none" : there.get(random.nextInt(there.size())).id();
  }

  /** By a little up or down, or to what tables of another size map. */
  private void resize(Qcow2Image image) throws IOException {
    long size = image.virtualSizeBytes() / SECTOR;
    long wanted =
        switch (random.nextInt(4)) {
          case 0 -> random.nextLong(size + 1);
          case 1 -> Math.max(0, size - random.nextInt(1, 20));
          case 2 -> size + random.nextInt(1, 20);
          default -> size + random.nextInt(1, 2000);
        };
    image.resize(wanted * SECTOR);
  }

  private void changeBitmap(DirtyBitmaps bitmaps) throws IOException {
    String name = anyBitmap(bitmaps);
    switch (random.nextInt(6)) {
      case 0 -> bitmaps.add("b" + random.nextInt(3), SECTOR << random.nextInt(4), true);
      case 1 -> bitmaps.remove(name);
      case 2 -> bitmaps.clear(name);
      case 3 -> bitmaps.merge(name, bitmaps, anyBitmap(bitmaps));
      case 4 -> bitmaps.enable(name);
      default -> bitmaps.disable(name);
    }
  }

  private String anyBitmap(DirtyBitmaps bitmaps) {
    List<BitmapInfo> there = bitmaps.list();
    return there.isEmpty() ? "none" : there.get(random.nextInt(there.size())).name();
  }

  private static void commit(Qcow2Image image) throws IOException {
    Optional<GuestDisk> below = image.backing();
    if (below.isPresent() && image.virtualSizeBytes() <= HostileImage.MAX_COPIED_BYTES) {
      ImageCommit.commit(image, (WritableDisk) below.get(), bytes -> {});
    } else {
      image.empty();
    }
  }

  private Optional<BackingReference> anyBacking() {
    return random.nextBoolean() ? Optional.of(BackingReference.raw("other.raw")) : Optional.empty();
  }

  private void write(Qcow2Image image) throws IOException {
    long end = Math.min(image.virtualSizeBytes(), 32 << 10);
    if (end > SECTOR) {
      image.write(new GuestOffset(random.nextLong(end - SECTOR)), ByteBuffer.allocate(SECTOR));
    }
  }

  /**
   * Whether the image says so itself, of whatever is asked of it; then only closing it may write,
   * and only the header.
   */
  private boolean isKnownToBeBad(Qcow2Image image) throws IOException {
    MemoryBlockFile before = file.copy();
    try {
      image.flush();
      image.empty();
      return false;
    } catch (Qcow2Exception e) {
      if (e.code() != Code.CORRUPT || !e.getMessage().contains("refusing to write")) {
        return false;
      }
    }
    for (int n = 0; n < 8; n++) {
      typed(() -> changeOnce(image));
    }
    typed(image::close);
    if (!withoutFields(before).sameContent(withoutFields(file))) {
      throw new AssertionError("known to be bad, and yet written to");
    }
    return true;
  }

  private static MemoryBlockFile withoutFields(MemoryBlockFile image) {
    MemoryBlockFile copy = image.copy();
    copy.write(ByteBuffer.allocate(FIELDS_BYTES), 0);
    return copy;
  }

  // ---- of an image that nobody has open ----

  private void amend() throws IOException {
    AmendOptions wanted =
        switch (random.nextInt(5)) {
          case 0 -> AmendOptions.none().withVersion(FormatVersion.V3);
          case 1, 2 -> AmendOptions.none().withRefcountBits(1 << random.nextInt(7));
          case 3 -> AmendOptions.none().withLazyRefcounts(random.nextBoolean());
          default -> AmendOptions.none().withVersion(FormatVersion.V2).withRefcountBits(16);
        };
    if (isSmall()) {
      SmallImages.amend(file, HostileImage.GATE, wanted, HostileImage.BOUNDS);
    }
  }

  private void rebase() throws IOException {
    if (isSmall()) {
      SmallImages.rebase(file, HostileImage.GATE, anyBacking(), HostileImage.BOUNDS);
    }
  }

  private boolean isSmall() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, true, HostileImage.GATE)) {
      return image.virtualSizeBytes() <= HostileImage.MAX_COPIED_BYTES;
    }
  }
}
