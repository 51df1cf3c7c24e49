package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bitmaps with extra data of another program, by the specification: it stays as it is, and whether
 * we may use the bitmap a flag says. QEMU opens no such image, so before it judges one the extra
 * data becomes a part of the name again.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class BitmapExtraDataTest {

  private static final String EXTRA = "\u0001\u0002EXTRA\u0003"; // 8 bytes
  private static final int COMPATIBLE = BitmapDirectory.EXTRA_DATA_COMPATIBLE;

  @TempDir Path folder;

  /** An image with <i>usable</i>, <i>foreign</i>, both enabled or not, and <i>plain</i>. */
  private static MemoryBlockFile image(int clusterSize, boolean enabled) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("extra.qcow2");
    NewImage.create(file, CreateOptions.ofSize(1 << 20).withClusterSize(clusterSize));
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.bitmaps().add(EXTRA + "usable", 512, true);
      image.bitmaps().add(EXTRA + "foreign", 512, true);
      image.bitmaps().add("plain", 512, true);
      write(image, 0);
      if (!enabled) {
        image.bitmaps().disable(EXTRA + "usable");
        image.bitmaps().disable(EXTRA + "foreign");
      }
    }
    int flags = enabled ? BitmapDirectory.AUTO : 0;
    cut(file, 0, EXTRA.length(), flags | COMPATIBLE);
    cut(file, 1, EXTRA.length(), flags);
    return file;
  }

  /** So many bytes of what is extra data and name together are extra data. */
  private static void cut(MemoryBlockFile file, int index, int extraBytes, int flags)
      throws IOException {
    BitmapDirectory directory = directory(file);
    Bitmap bitmap = directory.bitmaps().get(index);
    int nameBytes = bitmap.extraData().length + bitmap.name().length - extraBytes;
    ByteBuffer field = ByteBuffer.allocate(6).putShort((short) nameBytes).putInt(extraBytes);
    file.write(field.flip(), directory.flagsAt(index) + 6);
    file.write(ByteBuffer.allocate(4).putInt(0, flags), directory.flagsAt(index));
  }

  private static BitmapDirectory directory(MemoryBlockFile file) throws IOException {
    return BitmapDirectory.read(file, Header.read(file)).orElseThrow();
  }

  private static Bitmap bitmap(MemoryBlockFile file, String name) throws IOException {
    return directory(file).bitmaps().stream()
        .filter(each -> each.nameText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static void write(Qcow2Image image, int at) throws IOException {
    image.write(new GuestOffset(at), ByteBuffer.wrap(new byte[] {1, 2, 3}));
  }

  private static List<String> ranges(MemoryBlockFile file, String name) throws IOException {
    List<String> ranges = new ArrayList<>();
    try (Qcow2Image image = Qcow2Image.open(file.copy(), true)) {
      image
          .bitmaps()
          .dirtyRanges(name)
          .forEachRemaining(range -> ranges.add(range.start().bytes() + "+" + range.length()));
    }
    return ranges;
  }

  private static void extraDataIsThere(MemoryBlockFile file, String... names) throws IOException {
    byte[] expected = EXTRA.getBytes(StandardCharsets.UTF_8);
    for (String name : names) {
      assertArrayEquals(expected, bitmap(file, name).extraData(), name);
      assertEquals(
          name.equals("usable") ? COMPATIBLE : 0, bitmap(file, name).flags() & COMPATIBLE, name);
    }
  }

  private void soundForQemu(MemoryBlockFile file) throws IOException {
    ImageJudge.settledByCheck(file);
    MemoryBlockFile copy = file.copy();
    for (int i = 0; i < directory(copy).bitmaps().size(); i++) {
      cut(copy, i, 0, directory(copy).bitmaps().get(i).flags() & ~COMPATIBLE);
    }
    Path path = folder.resolve("judged.qcow2");
    copy.store(path);
    Qemu.checkClean(path);
  }

  @FunctionalInterface
  private interface Change {
    void of(Qcow2Image image) throws IOException;
  }

  private static void change(MemoryBlockFile file, Change change) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      change.of(image);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096})
  void everyChangeKeepsTheExtraDataOfAllBitmaps(int clusterSize) throws IOException {
    MemoryBlockFile file = image(clusterSize, true);
    List<Change> changes =
        List.of(
            image -> write(image, 70 << 10),
            image -> image.bitmaps().add("new", 512, true),
            image -> image.bitmaps().disable("usable"),
            image -> image.bitmaps().merge("usable", image.bitmaps(), "plain"),
            image -> image.bitmaps().clear("plain"),
            image -> image.bitmaps().enable("usable"),
            image -> write(image, 90 << 10),
            image -> image.bitmaps().remove("new"),
            image ->
                image.createSnapshot(
                    new SnapshotSpec(new UUID(1, 1), "s", Instant.EPOCH, new byte[0])));
    for (Change each : changes) {
      change(file, each);
      extraDataIsThere(file, "usable", "foreign");
      soundForQemu(file);
    }
    assertEquals(List.of("0+512", "71680+512", "92160+512"), ranges(file, "usable"));
    change(file, image -> image.bitmaps().remove("foreign"));
    change(file, image -> image.deleteSnapshot("s"));
    change(file, image -> image.resize(3 << 20));
    change(file, image -> image.resize(80 << 10));
    extraDataIsThere(file, "usable");
    soundForQemu(file);
    assertEquals(List.of("0+512", "71680+512"), ranges(file, "usable"));
    change(file, image -> image.bitmaps().clear("usable"));
    extraDataIsThere(file, "usable");
    assertEquals(List.of(), ranges(file, "usable"));
  }

  @Test
  void amendingAndRepairingKeepIt() throws IOException {
    MemoryBlockFile file = image(4096, true);
    AmendOptions wider = AmendOptions.none().withRefcountBits(64);
    ImageAmend.amend(file, BackingOpener.REFUSE, wider, _ -> {});
    extraDataIsThere(file, "usable", "foreign");
    ImageCheck.check(file, ImageCheck.Repair.ALL);
    extraDataIsThere(file, "usable", "foreign");
    soundForQemu(file);
  }

  @Test
  void oneThatIsNotCompatibleIsListedAndRefusedByNameForAllButItsRemoval() throws IOException {
    MemoryBlockFile file = image(4096, false);
    assertEquals(
        List.of(
            new BitmapInfo("usable", 512, false, false, false),
            new BitmapInfo("foreign", 512, false, false, true),
            new BitmapInfo("plain", 512, true, false, false)),
        ImageInfo.read(file).bitmaps());
    MemoryBlockFile before = file.copy();
    change(
        file,
        image -> {
          DirtyBitmaps bitmaps = image.bitmaps();
          assertEquals(ImageInfo.read(file).bitmaps(), bitmaps.list());
          refused(() -> bitmaps.dirtyRanges("foreign"));
          refused(() -> bitmaps.clear("foreign"));
          refused(() -> bitmaps.enable("foreign"));
          refused(() -> bitmaps.disable("foreign"));
          refused(() -> bitmaps.merge("foreign", bitmaps, "plain"));
          refused(() -> bitmaps.merge("plain", bitmaps, "foreign"));
          refused(() -> image.resize(2 << 20));
        });
    assertTrue(before.sameContent(file));
    change(file, image -> image.bitmaps().remove("foreign"));
    assertEquals(2, ImageInfo.read(file).bitmaps().size());
    soundForQemu(file);
  }

  @FunctionalInterface
  private interface Call {
    void run() throws IOException;
  }

  private static void refused(Call call) {
    Qcow2Exception refused = assertThrows(Qcow2Exception.class, call::run);
    assertEquals(Code.BITMAP, refused.code());
    assertTrue(refused.getMessage().contains("foreign"), refused.getMessage());
    assertTrue(refused.getMessage().contains("extra data"), refused.getMessage());
  }

  @Test
  void anEnabledOneThatIsNotCompatibleIsInUseFromTheFirstChangeOn() throws IOException {
    MemoryBlockFile file = image(4096, true);
    TablePointer table = bitmap(file, "foreign").table();
    change(file, image -> image.bitmaps().disable("plain")); // no change of the disk
    assertFalse(bitmap(file, "foreign").isInUse());
    change(
        file,
        image -> {
          write(image, 300 << 10);
          assertTrue(ImageInfo.read(file).bitmaps().get(1).inUse());
          assertTrue(image.bitmaps().list().get(1).inUse());
          image.bitmaps().add("new", 512, true);
          assertTrue(ImageInfo.read(file).bitmaps().get(1).inUse());
          write(image, 400 << 10);
        });
    Bitmap left = bitmap(file, "foreign");
    assertTrue(left.isInUse() && left.isEnabled());
    assertEquals(table, left.table());
    assertFalse(bitmap(file, "usable").isInUse());
    assertEquals(List.of("0+512", "307200+512", "409600+512"), ranges(file, "usable"));
    extraDataIsThere(file, "usable", "foreign");
    soundForQemu(file);
  }

  @Test
  void theMarkStaysWhenNoOtherBitmapIsToBeStored() throws IOException {
    MemoryBlockFile file = image(4096, true);
    change(file, image -> image.bitmaps().remove("usable"));
    change(file, image -> image.bitmaps().remove("plain"));
    long directory = directory(file).offset().bytes();
    change(file, image -> write(image, 300 << 10));
    assertTrue(bitmap(file, "foreign").isInUse());
    assertEquals(directory, directory(file).offset().bytes(), "written anew for nothing");
    extraDataIsThere(file, "foreign");
    soundForQemu(file);
  }

  @Test
  void aDisabledOneThatIsNotCompatibleStaysAsItIs() throws IOException {
    MemoryBlockFile file = image(4096, false);
    Bitmap before = bitmap(file, "foreign");
    change(file, image -> write(image, 300 << 10));
    assertEquals(before.flags(), bitmap(file, "foreign").flags());
    assertEquals(before.table(), bitmap(file, "foreign").table());
    extraDataIsThere(file, "usable", "foreign");
  }

  @Test
  void theFlagWithoutExtraDataIsKeptAndChangesNothing() throws IOException {
    MemoryBlockFile file = image(4096, true);
    cut(file, 2, 0, BitmapDirectory.AUTO | COMPATIBLE);
    change(file, image -> write(image, 300 << 10));
    assertEquals(List.of("0+512", "307200+512"), ranges(file, "plain"));
    assertEquals(BitmapDirectory.AUTO | COMPATIBLE, bitmap(file, "plain").flags());
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 64, 1 << 20})
  void aLengthThatTheDirectoryHasNoRoomForIsCorrupt(int extraBytes) throws IOException {
    MemoryBlockFile file = image(4096, true);
    file.write(ByteBuffer.allocate(4).putInt(0, extraBytes), directory(file).flagsAt(2) + 8);
    assertEquals(Code.CORRUPT, assertThrows(Qcow2Exception.class, () -> directory(file)).code());
  }
}
