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

  @Test
  void standardEntriesHaveTheseBits() {
    HostOffset cluster = new HostOffset(0x50000);
    assertEquals(0, L2Entry.UNALLOCATED.encode(16));
    assertEquals(1, L2Entry.ZERO.encode(16));
    assertEquals(0x8000_0000_0005_0000L, new L2Entry.Data(cluster, true).encode(16));
    assertEquals(0x5_0001, new L2Entry.ZeroAllocated(cluster, false).encode(16));
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 12, 16, 21})
  void everyEntryDecodesToWhatWasEncoded(int clusterBits) {
    HostOffset cluster = new HostOffset(0x00FF_FFFF_FFE0_0000L);
    for (L2Entry entry :
        new L2Entry[] {
          L2Entry.UNALLOCATED,
          L2Entry.ZERO,
          new L2Entry.Data(cluster, true),
          new L2Entry.Data(cluster, false),
          new L2Entry.ZeroAllocated(cluster, true),
          new L2Entry.Compressed(new HostOffset(12345), 512 - 12345 % 512),
          new L2Entry.Compressed(new HostOffset(7 * 512), 512)
        }) {
      assertEquals(entry, L2Entry.decode(entry.encode(clusterBits), clusterBits));
    }
  }

  @Test
  void aCompressedEntryCountsFurtherSectors() {
    // 65 KiB clusters: offset bits 0 to 53, sectors from bit 54 on
    long raw = new L2Entry.Compressed(new HostOffset(0x30100), 1000).encode(16);
    assertEquals(L2Entry.COMPRESSED_FLAG | 2L << 54 | 0x30100, raw);
    L2Entry.Compressed read = (L2Entry.Compressed) L2Entry.decode(raw, 16);
    assertEquals(1536 - 0x100, read.bytes(), "up to the end of the last sector");
    assertEquals(3, read.firstCluster(16));
    assertEquals(3, read.lastCluster(16));
  }

  @Test
  void compressedIsTestedBeforeZero() {
    long odd = new L2Entry.Compressed(new HostOffset(0x30101), 10).encode(16);
    assertTrue((odd & L2Entry.ZERO_FLAG) != 0);
    assertTrue(L2Entry.decode(odd, 16) instanceof L2Entry.Compressed);
  }

  @Test
  void aCompressedOffsetMustFitItsField() {
    HostOffset far = new HostOffset(1L << 49);
    assertThrows(IllegalArgumentException.class, () -> new L2Entry.Compressed(far, 512).encode(21));
    assertEquals(
        new L2Entry.Compressed(far, 512),
        L2Entry.decode(new L2Entry.Compressed(far, 512).encode(16), 16));
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
