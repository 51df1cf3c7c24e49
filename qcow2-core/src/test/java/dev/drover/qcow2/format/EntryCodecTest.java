package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostOffset;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class EntryCodecTest {

  private static final Geometry STANDARD = new Geometry(16);
  private static final Geometry EXTENDED = new Geometry(16, 4, true);
  private static final long CLUSTER = 0x5_0000;

  private static ByteBuffer bytes(Geometry geometry, L2Entry entry) {
    L2Table table = L2Table.empty(geometry);
    table.set(1, entry);
    return table.encode(1, 2);
  }

  @Test
  void standardEntriesHaveTheseBits() {
    assertEquals(0, bytes(STANDARD, L2Entry.HOLE).getLong(0));
    assertEquals(1, bytes(STANDARD, L2Entry.ZERO).getLong(0));
    assertEquals(
        0x8000_0000_0005_0000L, bytes(STANDARD, L2Entry.own(CLUSTER, L2Entry.ALL, 0)).getLong(0));
    assertEquals(
        0x5_0001, bytes(STANDARD, L2Entry.own(CLUSTER, 0, L2Entry.ALL).shared()).getLong(0));
    assertEquals(8, bytes(STANDARD, L2Entry.HOLE).remaining());
  }

  @Test
  void extendedEntriesHaveTheStateOfTheirSubclustersBehindThem() {
    ByteBuffer entry = bytes(EXTENDED, L2Entry.own(CLUSTER, 0x8000_0001, 0x0000_0006));
    assertEquals(16, entry.remaining());
    assertEquals(0x8000_0000_0005_0000L, entry.getLong(0));
    assertEquals(0x0000_0006_8000_0001L, entry.getLong(8));
    assertEquals(0xFFFF_FFFF_0000_0000L, bytes(EXTENDED, L2Entry.ZERO).getLong(8));
    assertEquals(0, bytes(EXTENDED, L2Entry.ZERO).getLong(0), "the flag of 8-byte entries");
  }

  @Test
  void tablesOfExtendedEntriesHaveHalfAsMany() {
    assertEquals(8192, STANDARD.l2Entries());
    assertEquals(4096, EXTENDED.l2Entries());
    assertEquals(4096, L2Table.empty(EXTENDED).entries());
    assertEquals(4096L << 16, EXTENDED.l2Bytes());
    assertEquals(1L << 50, EXTENDED.maxVirtualSize());
    assertEquals(1, EXTENDED.l1Index(new GuestOffset(4097L << 16)));
    assertEquals(1, EXTENDED.l2Index(new GuestOffset(4097L << 16)));
    assertEquals(2048, EXTENDED.grainBytes());
    assertEquals(65536, STANDARD.grainBytes());
    assertThrows(IllegalArgumentException.class, () -> new Geometry(13, 4, true));
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 12, 16, 21})
  void everyEntryReadsAsItWasWritten(int clusterBits) {
    Geometry geometry = new Geometry(clusterBits);
    long cluster = 0x00FF_FFFF_FFE0_0000L;
    for (L2Entry entry :
        new L2Entry[] {
          L2Entry.HOLE,
          L2Entry.ZERO,
          L2Entry.own(cluster, L2Entry.ALL, 0),
          L2Entry.own(cluster, L2Entry.ALL, 0).shared(),
          L2Entry.own(cluster, 0, L2Entry.ALL),
          L2Entry.compressed(12345, 512 - 12345 % 512, clusterBits),
          L2Entry.compressed(7 * 512, 512, clusterBits)
        }) {
      L2Table table = L2Table.empty(geometry);
      table.set(3, entry);
      assertEquals(entry, table.get(3));
      assertEquals(entry, L2Table.of(table.encode().array(), geometry).get(3));
    }
  }

  @Test
  void anEntryOfEightBytesHasOneStateForAllItsSubclusters() {
    L2Table table = L2Table.empty(STANDARD);
    assertThrows(IllegalArgumentException.class, () -> table.set(0, L2Entry.own(CLUSTER, 1, 0)));
    assertThrows(IllegalArgumentException.class, () -> table.set(0, L2Entry.standard(0, 0, 1)));
  }

  @Test
  void subclustersAreAlikeUpToTheFirstThatIsNot() {
    L2Entry entry = L2Entry.own(CLUSTER, 0b0011_0000 | 1 << 31, 0b1100_0000);
    assertEquals(4, entry.alikeUpTo(0));
    assertEquals(6, entry.alikeUpTo(4));
    assertEquals(6, entry.alikeUpTo(5));
    assertEquals(8, entry.alikeUpTo(6));
    assertEquals(31, entry.alikeUpTo(8));
    assertEquals(32, entry.alikeUpTo(31));
    assertEquals(32, L2Entry.HOLE.alikeUpTo(0));
    assertEquals(32, L2Entry.ZERO.alikeUpTo(31));
    assertEquals(0b0110, L2Entry.set(1, 3));
    assertEquals(L2Entry.ALL, L2Entry.set(0, 32));
    assertEquals(0, L2Entry.set(32, 32));
  }

  @Test
  void whatNoEntryCanMeanIsToldApart() {
    assertTrue(L2Entry.own(CLUSTER, 3, 2).isContradictory(), "allocated and zeroes");
    assertTrue(L2Entry.standard(0, 1, 0).isContradictory(), "allocated in no cluster");
    assertTrue(new L2Entry(L2Entry.COMPRESSED_FLAG | 512, 1L << 32).isContradictory(), "packed");
    assertFalse(L2Entry.own(CLUSTER, 1, 2).isContradictory());
    assertFalse(L2Entry.standard(0, 0, 5).isContradictory());
  }

  @Test
  void aCompressedEntryCountsFurtherSectors() {
    // 64 KiB clusters: offset bits 0 to 53, sectors from bit 54 on
    L2Entry entry = L2Entry.compressed(0x30100, 1000, 16);
    assertEquals(L2Entry.COMPRESSED_FLAG | 2L << 54 | 0x30100, entry.descriptor());
    L2Entry.Compressed read = entry.compressed(16);
    assertEquals(1536 - 0x100, read.bytes(), "up to the end of the last sector");
    assertEquals(3, read.firstCluster(16));
    assertEquals(3, read.lastCluster(16));
  }

  @Test
  void compressedIsTestedBeforeZero() {
    L2Entry odd = L2Entry.compressed(0x30101, 10, 16);
    assertTrue((odd.descriptor() & L2Entry.ZERO_FLAG) != 0);
    L2Table table = L2Table.of(filled(STANDARD, odd.descriptor()), STANDARD);
    assertTrue(table.get(0).isCompressed());
    assertEquals(0, table.get(0).zero());
  }

  private static byte[] filled(Geometry geometry, long first) {
    return ByteBuffer.allocate(geometry.clusterSize()).putLong(0, first).array();
  }

  @Test
  void aCompressedOffsetMustFitItsField() {
    long far = 1L << 49;
    assertThrows(IllegalArgumentException.class, () -> L2Entry.compressed(far, 512, 21));
    assertEquals(
        new L2Entry.Compressed(new HostOffset(far), 512),
        L2Entry.compressed(far, 512, 16).compressed(16));
  }

  @Test
  void l1AndRefcountEntriesMaskWhatIsReserved() {
    long entry = L1Entry.of(0x40000, true);
    assertEquals(0x40000, L1Entry.offset(entry));
    assertTrue(L1Entry.isCopied(entry));
    assertFalse(L1Entry.isCopied(L1Entry.of(0x40000, false)));
    assertEquals(0, entry & L1Entry.RESERVED_MASK);
    assertEquals(0x40000, RefcountTable.offset(0x40000 | 0x1FF));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 3", "2, 15", "3, 255", "4, 65535", "5, 4294967295"})
  void aRefcountFillsItsBitsAndNoOthers(int order, long most) {
    Geometry geometry = new Geometry(9, order);
    assertEquals(most, geometry.maxRefcount());
    RefcountBlock block = RefcountBlock.empty(geometry);
    int last = geometry.blockEntries() - 1;
    block.set(1, most);
    block.set(last, most);
    assertEquals(0, block.get(0));
    assertEquals(most, block.get(1));
    assertEquals(0, block.get(2));
    assertEquals(most, block.get(last));
    block.set(1, 0);
    assertEquals(0, block.get(1));
    assertThrows(IllegalArgumentException.class, () -> block.set(0, most + 1));
  }

  @Test
  void narrowRefcountsBeginInTheLowestBits() {
    RefcountBlock bits = RefcountBlock.empty(new Geometry(9, 0));
    bits.set(0, 1);
    bits.set(9, 1);
    assertEquals(0x0102, bits.copy(0, 16).getShort(0));
    RefcountBlock nibbles = RefcountBlock.empty(new Geometry(9, 2));
    nibbles.set(0, 1);
    nibbles.set(1, 2);
    nibbles.set(3, 4);
    assertEquals(0x2140, nibbles.copy(0, 3).getShort(0));
    assertEquals(1, nibbles.copy(2, 4).remaining());
    assertEquals(1, nibbles.firstByte(3));
  }

  @Test
  void aCountThatNoLongHoldsReadsAsTheHighest() {
    Geometry geometry = new Geometry(9, 6);
    ByteBuffer bytes = ByteBuffer.allocate(512).putLong(8, -1);
    assertEquals(Long.MAX_VALUE, new RefcountBlock(bytes, geometry).get(1));
  }

  @Test
  void guestOffsetsSplitIntoIndexes() {
    Geometry geometry = new Geometry(16);
    GuestOffset guest = new GuestOffset((3L * 8192 + 5) * 65536 + 7);
    assertEquals(3, geometry.l1Index(guest));
    assertEquals(5, geometry.l2Index(guest));
    assertEquals(7, geometry.inCluster(guest.bytes()));
    assertEquals(4, geometry.l1EntriesFor(guest.bytes()));
    assertEquals(1, geometry.l1EntriesFor(1));
    assertEquals(0, geometry.l1EntriesFor(0));
    assertEquals(2L << 50, geometry.maxVirtualSize());
    assertEquals(1, RefcountTable.tableIndex(32768, geometry));
    assertEquals(0, RefcountTable.blockIndex(32768, geometry));
  }
}
