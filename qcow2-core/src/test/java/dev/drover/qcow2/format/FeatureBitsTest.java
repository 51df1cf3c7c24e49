package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kind of feature bit, and what else a header may have that this program does not know. */
final class FeatureBitsTest {

  private static final long UNKNOWN = 1L << 40;
  private static final HeaderExtension UNKNOWN_EXTENSION =
      new HeaderExtension(0x12345678, new byte[] {1, 2, 3, 4, 5});

  @TempDir Path folder;

  private MemoryBlockFile file;

  @BeforeEach
  void makeAnImage() throws IOException {
    file = new MemoryBlockFile("bits.qcow2");
    Qcow2Image.create(file, CreateOptions.ofSize(1 << 20)).close();
    change();
  }

  private void change() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.write(new GuestOffset(5000), ByteBuffer.wrap(new byte[] {7}));
    }
  }

  private byte content() throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, true)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      image.read(new GuestOffset(5000), one);
      return one.get(0);
    }
  }

  private void features(long incompatible, long compatible, long autoclear) throws IOException {
    Header header = Header.read(file);
    Features bits = new Features(incompatible, compatible, autoclear);
    file.write(header.withFeatures(bits).encodeFields(), 0);
  }

  @Test
  void anUnknownCompatibleBitIsKept() throws IOException {
    features(0, UNKNOWN, 0);
    change();
    assertEquals(UNKNOWN, Header.read(file).features().compatible());
  }

  @Test
  void anUnknownAutoclearBitGoesWhenTheImageIsOpenedForWritingAndNotBefore() throws IOException {
    features(0, 0, UNKNOWN);
    assertEquals(7, content());
    assertEquals(UNKNOWN, Header.read(file).features().autoclear());
    Qcow2Image.open(file, false).close();
    assertEquals(0, Header.read(file).features().autoclear());
  }

  @Test
  void anUnknownIncompatibleBitIsRefusedByTheNameThatTheImageGivesIt() throws IOException {
    HeaderExtension names =
        new HeaderExtension(
            HeaderExtension.FEATURE_NAMES,
            Arrays.copyOf(new byte[] {0, 40, 'w', 'o', 'b', 'b', 'l', 'y'}, 48));
    Header header = Header.read(file);
    Features bits = new Features(UNKNOWN, 0, 0);
    file.write(header.withExtension(names).withFeatures(bits).encode(), 0);
    for (boolean readOnly : new boolean[] {true, false}) {
      Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(file, readOnly));
      assertEquals(Code.UNSUPPORTED, e.code());
      assertTrue(e.getMessage().contains("wobbly"), e.getMessage());
    }
  }

  @Test
  void aDirtyImageIsReadAsItIsAndRepairedBeforeItIsWritten() throws IOException {
    features(Features.DIRTY, 0, 0);
    assertEquals(7, content());
    assertTrue(Header.read(file).features().isDirty());
    change();
    assertFalse(Header.read(file).features().isDirty());
    assertTrue(ImageCheck.check(file, Repair.NONE).isClean());
  }

  @Test
  void aCorruptImageIsReadAndNotWrittenUntilARepairFindsNothingWrong() throws IOException {
    features(Features.CORRUPT, 0, 0);
    assertEquals(7, content());
    MemoryBlockFile before = file.copy();
    Qcow2Exception e = assertThrows(Qcow2Exception.class, this::change);
    assertEquals(Code.CORRUPT, e.code());
    assertTrue(before.sameContent(file));
    ImageCheck.check(file, Repair.ALL);
    assertFalse(Header.read(file).features().isCorrupt());
    change();
  }

  @Test
  void unknownExtensionsAndFieldsSurviveEveryChangeByteForByte() throws IOException {
    Header header = Header.read(file);
    byte[] tail = new byte[23];
    Arrays.fill(tail, (byte) 0x5A);
    file.write(longer(header, tail).withExtension(UNKNOWN_EXTENSION).encode(), 0);
    change();
    try (Qcow2Image image = Qcow2Image.open(file, false)) {
      image.createSnapshot(
          new SnapshotSpec(new UUID(0, 1), "s", Instant.ofEpochSecond(1), new byte[0]));
      image.resize(2 << 20);
      image.deleteSnapshot("s");
    }
    ImageCheck.check(file, Repair.ALL);
    Header after = Header.read(file);
    assertArrayEquals(tail, after.fieldsTail());
    assertArrayEquals(
        UNKNOWN_EXTENSION.data(), after.extension(UNKNOWN_EXTENSION.type()).orElseThrow().data());
  }

  private static Header longer(Header header, byte[] tail) {
    return new Header(
        header.version(),
        header.geometry(),
        header.virtualSize(),
        header.l1(),
        header.refcountTable(),
        header.snapshots(),
        header.features(),
        header.compression(),
        tail,
        header.extensions(),
        header.backingName(),
        header.backingAt());
  }

  /**
   * For LUKS, qemu-img times its key derivation by the thread's CPU clock, and gives up where that
   * clock is seen to stand or run back, as it may in a virtual machine: it is asked again.
   */
  private static void encrypted(String method, Path path) {
    String options = "encrypt.format=" + method + ",encrypt.key-secret=s";
    String quick = method.equals("luks") ? ",encrypt.iter-time=10" : "";
    String secret = "secret,id=s,data=abc";
    Qemu.Result made;
    int tries = 0;
    do {
      made =
          Qemu.img("create", "-f", "qcow2", "--object", secret, "-o", options + quick, path, "1M");
    } while (made.output().contains("accurate CPU usage") && ++tries < 20);
    made.orFail();
  }

  @ParameterizedTest
  @ValueSource(strings = {"luks", "aes"})
  @RequiresTools("qemu-img")
  void anEncryptedImageIsRefusedByName(String method) throws IOException {
    Path path = folder.resolve(method + ".qcow2");
    encrypted(method, path);
    MemoryBlockFile image = MemoryBlockFile.load(path);
    for (boolean readOnly : new boolean[] {true, false}) {
      Qcow2Exception e = assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(image, readOnly));
      assertEquals(Code.UNSUPPORTED, e.code());
      assertTrue(
          e.getMessage().contains("encryption (" + method.toUpperCase(java.util.Locale.ROOT)),
          e.getMessage());
    }
    Qcow2Exception e =
        assertThrows(Qcow2Exception.class, () -> ImageCheck.check(image, Repair.ALL));
    assertEquals(Code.UNSUPPORTED, e.code());
  }
}
