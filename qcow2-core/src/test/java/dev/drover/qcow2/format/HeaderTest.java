package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HeaderTest {

  @TempDir Path folder;

  @Test
  void theFieldsHaveTheseBytes() throws IOException {
    MemoryBlockFile file = image();
    assertEquals(
        "514649fb00000003" // magic, version
            + "000000000000018000000008" // backing name
            + "0000001000000000000a0000" // cluster bits, size
            + "00000000" // encryption
            + "000000010000000000030000" // L1
            + "000000000001000000000001" // refcount table
            + "000000000000000000000000" // snapshots
            + "000000000000000000000000000000000000000000000000" // features
            + "0000000400000070" // refcount order, header length
            + "0000000000000000", // compression type
        HexFormat.of().formatHex(Header.read(file).encodeFields().array()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"512", "4k", "64k", "2M"})
  @RequiresTools("qemu-img")
  void qemusOwnHeadersSurviveByteForByte(String clusterSize) throws IOException {
    Path path = folder.resolve("theirs.qcow2");
    Path base = folder.resolve("base.raw");
    Qemu.img("create", "-f", "raw", base, "10M").orFail();
    Qemu.img(
            "create",
            "-f",
            "qcow2",
            "-b",
            "base.raw",
            "-F",
            "raw",
            "-o",
            "lazy_refcounts=on,cluster_size=" + clusterSize,
            path,
            "10M")
        .orFail();
    MemoryBlockFile file = MemoryBlockFile.load(path);
    Header header = Header.read(file);
    assertEquals("base.raw", header.backingName().orElseThrow());
    assertEquals("raw", header.backingFormat().orElseThrow());
    ByteBuffer ours = header.encode();
    byte[] theirs = new byte[ours.remaining()];
    file.read(ByteBuffer.wrap(theirs), 0);
    assertArrayEquals(theirs, ours.array());
  }

  @Test
  void unknownExtensionsAndLongerFieldsAreKept() throws IOException {
    MemoryBlockFile file = image();
    Header header = Header.read(file);
    byte[] tail = Arrays.copyOf(header.fieldsTail(), header.fieldsTail().length + 16);
    tail[tail.length - 1] = 42;
    Header longer =
        new Header(
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
                Header.BEHIND_EXTENSIONS)
            .withExtension(new HeaderExtension(0x12345678, new byte[] {1, 2, 3}));
    file.write(longer.encode(), 0);
    Header read = Header.read(file);
    assertEquals(longer.encode(), read.encode());
    assertEquals(128, read.headerLength());
    HeaderExtension unknown = read.extension(0x12345678).orElseThrow();
    assertArrayEquals(new byte[] {1, 2, 3}, unknown.data());
    byte[] data = new byte[3];
    file.read(ByteBuffer.wrap(data), read.dataOffset(unknown).bytes());
    assertArrayEquals(new byte[] {1, 2, 3}, data);
  }

  @Test
  void aBackingFileNameThatStandsElsewhereStaysThere() throws IOException {
    MemoryBlockFile file = image();
    file.write(ByteBuffer.wrap("base.raw".getBytes(StandardCharsets.UTF_8)), 4000);
    file.write(ByteBuffer.allocate(8).putLong(0, 4000), 8);
    Header header = Header.read(file);
    file.write(header.withVirtualSize(320 << 10).encodeFields(), 0);
    Header read = Header.read(file);
    assertEquals("base.raw", read.backingName().orElseThrow());
    assertEquals(4000, read.backingAt());
    file.write(read.withExtension(new HeaderExtension(0x1234, new byte[9])).encode(), 0);
    assertEquals("base.raw", Header.read(file).backingName().orElseThrow());
  }

  @Test
  void aVersion2HeaderEndsBeforeTheFeatures() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("v2");
    NewImage.create(
        file,
        CreateOptions.ofSize(640 << 10)
            .withVersion(FormatVersion.V2)
            .withBacking(BackingReference.raw("base.raw")));
    Header header = Header.read(file);
    assertEquals(72, header.encodeFields().remaining());
    assertEquals("raw", header.backingFormat().orElseThrow());
    assertEquals(16, header.geometry().refcountBits());
    byte[] stored = new byte[header.encodedBytes()];
    file.read(ByteBuffer.wrap(stored), 0);
    assertEquals(ByteBuffer.wrap(stored), header.encode());
  }

  @Test
  void oneFieldChangesWithoutTheOthers() throws IOException {
    Header header = Header.read(image());
    TablePointer table = new TablePointer(new HostOffset(0x50000), 7);
    assertEquals(table, header.withL1(table).l1());
    assertEquals(table, header.withRefcountTable(table).refcountTable());
    assertEquals(table, header.withSnapshots(table).snapshots());
    assertEquals(5, header.withVirtualSize(5).virtualSize());
    Features dirty = header.features().withDirty(true);
    assertTrue(header.withFeatures(dirty).features().isDirty());
    assertEquals(header.encode(), header.withL1(table).withL1(header.l1()).encode());
  }

  @Test
  void whatIsNotQcow2IsSaidToBe() throws IOException {
    MemoryBlockFile empty = new MemoryBlockFile("empty");
    refused(empty, Code.NOT_QCOW2, "not a qcow2 image");
    empty.setLength(1 << 20);
    refused(empty, Code.NOT_QCOW2, "not a qcow2 image");
  }

  /** Offset of the field, bytes to put there, expected code, words of the message. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          4,   00000001,         UNSUPPORTED, version 1
          4,   ffffffff,         UNSUPPORTED, version 4294967295
          20,  00000008,         CORRUPT,     cluster bits
          20,  00000016,         CORRUPT,     cluster bits
          20,  ffffffff,         CORRUPT,     cluster bits
          100, 00000000,         CORRUPT,     header length
          100, 00000060,         CORRUPT,     header length
          100, 0000006c,         CORRUPT,     header length
          100, 00010008,         CORRUPT,     header length
          100, fffffff8,         CORRUPT,     header length
          8,   0000000000000008, CORRUPT,     backing file name at
          8,   0000000000010001, CORRUPT,     backing file name at
          8,   ffffffffffffffff, CORRUPT,     backing file name at
          16,  00000400,         CORRUPT,     too long
          16,  ffffffff,         CORRUPT,     too long
          24,  8000000000000000, CORRUPT,     virtual size
          24,  7fffffffffffffff, CORRUPT,     virtual size
          24,  0000000100000000, CORRUPT,     too small for the virtual size
          32,  00000001,         UNSUPPORTED, encryption (AES)
          32,  00000002,         UNSUPPORTED, encryption (LUKS)
          32,  00000003,         CORRUPT,     encryption
          36,  00000000,         CORRUPT,     L1
          36,  7fffffff,         CORRUPT,     L1
          36,  ffffffff,         CORRUPT,     L1
          36,  00400000,         TRUNCATED,   L1
          40,  0000000000000000, CORRUPT,     L1
          40,  0000000000030200, CORRUPT,     L1
          40,  8000000000000000, CORRUPT,     L1
          40,  00ffffffffff0000, TRUNCATED,   L1
          40,  0000000000010000, CORRUPT,     overlap
          48,  0000000000000000, CORRUPT,     refcount table
          48,  0000000000010200, CORRUPT,     refcount table
          48,  00ffffffffff0000, TRUNCATED,   refcount table
          56,  00000000,         CORRUPT,     refcount table
          56,  00000081,         CORRUPT,     refcount table
          56,  ffffffff,         CORRUPT,     refcount table
          60,  00010001,         CORRUPT,     snapshots
          60,  ffffffff,         CORRUPT,     snapshots
          60,  00000001,         CORRUPT,     snapshot table
          60,  00000001000000ffffff0000, TRUNCATED, snapshot table
          64,  0000000000000200, CORRUPT,     snapshot table
          72,  0000000000000004, CORRUPT,     external data file
          72,  0000000000000020, UNSUPPORTED, bit 5
          72,  8000000000000000, UNSUPPORTED, bit 63
          72,  0000000000000008, CORRUPT,     compression type
          96,  00000007,         CORRUPT,     refcount order
          96,  ffffffff,         CORRUPT,     refcount order
          104, 01,               CORRUPT,     compression type
          104, 02,               UNSUPPORTED, compression type 2
          116, 7fffffff,         CORRUPT,     header extension
          116, ffffffff,         CORRUPT,     header extension
          """)
  void aBadFieldIsRefusedByName(int at, String bytes, Code code, String words) throws IOException {
    MemoryBlockFile file = image();
    file.write(ByteBuffer.wrap(HexFormat.of().parseHex(bytes)), at);
    MemoryBlockFile before = file.copy();
    refused(file, code, words);
    assertTrue(before.sameContent(file));
  }

  @Test
  void anUnknownFeatureIsCalledByTheNameInTheImage() throws IOException {
    MemoryBlockFile file = image();
    Header header = Header.read(file);
    byte[] names =
        FeatureName.encode(List.of(new FeatureName(FeatureName.INCOMPATIBLE, 9, "time travel")));
    file.write(
        header
            .withExtension(new HeaderExtension(HeaderExtension.FEATURE_NAMES, names))
            .withFeatures(new Features(1 << 9, 0, 0))
            .encode(),
        0);
    refused(file, Code.UNSUPPORTED, "bit 9 (\"time travel\")");
  }

  @Test
  void aFileCutAnywhereInItsTablesIsTruncated() throws IOException {
    for (long length : new long[] {4, 50, 103, 111, 300, 390, 65536, 100000, 131071}) {
      MemoryBlockFile file = image();
      file.setLength(length);
      refused(file, Code.TRUNCATED, "the file ends at byte " + length);
    }
  }

  @Test
  void garbageIsRefusedAndNeverSurprises() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    for (int run = 0; run < 3000; run++) {
      MemoryBlockFile file = image();
      for (int n = random.nextInt(1, 6); n > 0; n--) {
        byte[] garbage = new byte[random.nextInt(1, 9)];
        random.nextBytes(garbage);
        file.write(ByteBuffer.wrap(garbage), random.nextInt(8, 440));
      }
      try {
        Header header = Header.read(file);
        assertTrue(header.encodedBytes() <= header.clusterSize() + 8, "run " + run);
      } catch (Qcow2Exception expected) {
        assertTrue(expected.getMessage().startsWith("image.qcow2: "), expected.getMessage());
      }
    }
  }

  private static void refused(MemoryBlockFile file, Code code, String words) {
    Qcow2Exception refusal = assertThrows(Qcow2Exception.class, () -> Header.read(file));
    assertEquals(code, refusal.code(), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
    assertTrue(!refusal.hint().isBlank());
  }

  /** 640 KiB on clusters of 64 KiB, with a backing file. */
  private static MemoryBlockFile image() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("image.qcow2");
    NewImage.create(
        file, CreateOptions.ofSize(640 << 10).withBacking(BackingReference.raw("base.raw")));
    return file;
  }
}
