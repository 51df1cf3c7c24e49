package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SnapshotTableTest {

  private static final long TABLE_AT = 4 << 16;
  private static final TablePointer L1 = new TablePointer(new HostOffset(0x30000), 1);

  @Test
  void anEntryHasTheseBytes() {
    SnapshotEntry entry = SnapshotEntry.of(L1, "1", "ab", 0x11223344L, 5, 1 << 20, new byte[] {9});
    assertEquals(
        "0000000000030000" // L1 offset
            + "00000001" // L1 entries
            + "00010002" // lengths of id and name
            + "1122334400000005" // time
            + "0000000000000000" // VM clock
            + "00000000" // VM state
            + "00000019" // extra data: 25 bytes
            + "0000000000000000" // VM state
            + "0000000000100000" // virtual size
            + "ffffffffffffffff" // instruction count
            + "09" // ours
            + "316162" // id, name
            + "00000000", // padding
        HexFormat.of().formatHex(SnapshotTable.encode(List.of(entry)).array()));
  }

  @Test
  void entriesReadBackWhole() throws IOException {
    SnapshotEntry one = SnapshotEntry.of(L1, "1", "first", 1, 2, 1 << 20, new byte[1000]);
    SnapshotEntry two = SnapshotEntry.of(L1, "2", "zweiter Schnappschuß", 3, 4, 512, new byte[0]);
    MemoryBlockFile file = image(List.of(one, two));
    List<SnapshotEntry> read = SnapshotTable.read(file, Header.read(file));
    assertEquals(List.of("1", "2"), read.stream().map(SnapshotEntry::idText).toList());
    assertEquals("zweiter Schnappschuß", read.get(1).nameText());
    assertEquals(512, read.get(1).virtualSize().orElseThrow());
    assertArrayEquals(new byte[1000], read.get(0).ownExtra());
    assertEquals(SnapshotTable.encode(List.of(one, two)), SnapshotTable.encode(read));
    assertEquals(
        TABLE_AT + SnapshotTable.encodedBytes(read),
        SnapshotTable.end(new HostOffset(TABLE_AT), read).bytes());
  }

  @Test
  void noMoreExtraDataThanQemuAccepts() {
    assertThrows(
        IllegalArgumentException.class,
        () -> SnapshotEntry.of(L1, "1", "n", 0, 0, 0, new byte[1001]));
  }

  /** Offset in the entry, bytes to put there, expected code, words of the message. */
  @ParameterizedTest
  @CsvSource({
    "0, 0000000000030200, CORRUPT, L1 table at",
    "0, 8000000000000000, CORRUPT, L1 table at",
    "0, 0000000000000000, CORRUPT, L1 table at",
    "8, 00400001, CORRUPT, L1 table of",
    "8, ffffffff, CORRUPT, L1 table of",
    "36, 00000401, CORRUPT, extra data",
    "36, ffffffff, CORRUPT, extra data",
    "12, ffffffff, TRUNCATED, inside snapshot 0"
  })
  void aBadFieldIsRefusedByName(int at, String bytes, Code code, String words) throws IOException {
    MemoryBlockFile file =
        image(List.of(SnapshotEntry.of(L1, "1", "name", 0, 0, 1 << 20, new byte[0])));
    file.write(ByteBuffer.wrap(HexFormat.of().parseHex(bytes)), TABLE_AT + at);
    Header header = Header.read(file);
    Qcow2Exception refusal =
        assertThrows(Qcow2Exception.class, () -> SnapshotTable.read(file, header));
    assertEquals(code, refusal.code());
    assertTrue(refusal.getMessage().contains(words), refusal.getMessage());
  }

  private static MemoryBlockFile image(List<SnapshotEntry> entries) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("image.qcow2");
    Header header = NewImage.create(file, CreateOptions.ofSize(1 << 20));
    file.write(SnapshotTable.encode(entries), TABLE_AT);
    TablePointer table = new TablePointer(new HostOffset(TABLE_AT), entries.size());
    file.write(header.withSnapshots(table).encodeFields(), 0);
    return file;
  }
}
