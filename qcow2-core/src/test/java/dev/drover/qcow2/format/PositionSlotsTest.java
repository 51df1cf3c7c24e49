package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.PositionSlot.Window;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PositionSlotsTest {

  private static final byte[] STATE = "where I am".getBytes(StandardCharsets.US_ASCII);

  @TempDir Path folder;

  @Test
  void aSlotHasTheseBytes() {
    ByteBuffer slot =
        new PositionSlot(7, false, Optional.of(new Window(6, 0x1234, 1024)), new byte[] {9, 8})
            .encode();
    assertEquals(512, slot.remaining());
    String head = HexFormat.of().formatHex(slot.array(), 0, 56);
    assertEquals(
        "44525653"
            + "0001"
            + "0000"
            + "0000000000000007"
            + "0000000000000006"
            + "0000000000001234"
            + "0000000000000400"
            + "0002"
            + "000000000000"
            + "0908000000000000",
        head);
    assertEquals("a2061004", HexFormat.of().formatHex(slot.array(), 508, 512));
  }

  @Test
  void anyFlippedBitMakesTheSlotUnreadable() {
    byte[] slot = new PositionSlot(1, true, Optional.empty(), STATE).encode().array();
    assertTrue(PositionSlot.decode(slot, 0).isPresent());
    for (int bit = 0; bit < slot.length * 8; bit++) {
      slot[bit / 8] ^= (byte) (1 << bit % 8);
      assertTrue(PositionSlot.decode(slot, 0).isEmpty(), "bit " + bit);
      slot[bit / 8] ^= (byte) (1 << bit % 8);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 8192, 16384, 65536, 2 << 20})
  void bothSlotsAreWholeSectorsOfTheFile(int clusterSize) throws IOException {
    MemoryBlockFile file = replica(clusterSize);
    PositionSlots slots = PositionSlots.read(Header.read(file), file.name());
    long even = slots.placeOf(0).bytes();
    long odd = slots.placeOf(1).bytes();
    assertEquals(0, even % 512);
    assertEquals(0, odd % 512);
    if (clusterSize >= 16384) {
      assertNotEquals(even / 4096, odd / 4096, "each in a 4 KiB block of its own");
      assertNotEquals(0, even / 4096, "and not in the header's");
    }
    assertTrue(slots.isInPlace());
    assertTrue(slots.isComplete());
    assertEquals(1, slots.newest().orElseThrow().generation());
    assertArrayEquals(STATE, slots.newest().orElseThrow().payload());
    assertTrue(slots.newest().orElseThrow().clean());
  }

  @Test
  void theNewestGenerationWinsAndATornOneFallsBack() throws IOException {
    MemoryBlockFile file = replica(65536);
    PositionSlots slots = PositionSlots.read(Header.read(file), file.name());
    write(file, slots, new PositionSlot(2, false, Optional.of(new Window(2, 3, 4)), STATE));
    PositionSlots after = PositionSlots.read(Header.read(file), file.name());
    assertEquals(2, after.newest().orElseThrow().generation());
    assertEquals(new Window(2, 3, 4), after.newest().orElseThrow().window().orElseThrow());
    assertEquals(1, after.older().orElseThrow().generation());

    file.write(ByteBuffer.allocate(512), slots.placeOf(2).bytes());
    PositionSlots torn = PositionSlots.read(Header.read(file), file.name());
    assertEquals(1, torn.newest().orElseThrow().generation());
    assertFalse(torn.isComplete());

    file.write(ByteBuffer.allocate(512), slots.placeOf(1).bytes());
    PositionSlots lost = PositionSlots.read(Header.read(file), file.name());
    assertTrue(lost.newest().isEmpty());
  }

  @Test
  void aPlainImageIsNoReplica() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("plain.qcow2");
    NewImage.create(file, CreateOptions.ofSize(1 << 20));
    Qcow2Exception refusal =
        assertThrows(
            Qcow2Exception.class, () -> PositionSlots.read(Header.read(file), file.name()));
    assertEquals(Code.NOT_A_REPLICA, refusal.code());
  }

  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void readingWithQemuChangesNoByte() throws IOException {
    MemoryBlockFile before = replica(65536);
    Path path = store(before);
    Qemu.img("info", path).orFail();
    Qemu.checkClean(path);
    Qemu.img("convert", "-O", "raw", path, folder.resolve("out.raw")).orFail();
    Qemu.run("qemu-io", "-r", "-f", "qcow2", "-c", "read 0 64k", path).orFail();
    assertTrue(before.sameContent(MemoryBlockFile.load(path)));
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 8192, 65536, 2 << 20})
  @RequiresTools({"qemu-img", "qemu-io"})
  void aWriteByQemuClearsTheBitAndKeepsTheSlots(int clusterSize) throws IOException {
    Path path = store(replica(clusterSize));
    Qemu.io(path, "write -P 1 0 4k").orFail();
    keptButCleared(path);
  }

  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void openingForWritingWithoutAWriteClearsItToo() throws IOException {
    Path path = store(replica(65536));
    Qemu.io(path, "read 0 4k").orFail();
    keptButCleared(path);
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 8192, 65536})
  @RequiresTools({"qemu-img", "qemu-io"})
  void amendRebaseAndSnapshotsClearTheBitAndKeepTheSlots(int clusterSize) throws IOException {
    Path base = folder.resolve("base.raw");
    Qemu.img("create", "-f", "raw", base, "1M").orFail();
    Path amended = store(replica(clusterSize));
    Qemu.img("amend", "-f", "qcow2", "-o", "lazy_refcounts=on", amended).orFail();
    keptButCleared(amended);

    Path rebased = store(replica(clusterSize));
    Qemu.img("rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", base, rebased).orFail();
    keptButCleared(rebased);
    Qemu.img("rebase", "-u", "-f", "qcow2", "-b", "", rebased).orFail();
    keptButCleared(rebased);

    Path snapshot = store(replica(clusterSize));
    Qemu.img("snapshot", "-c", "s", snapshot).orFail();
    keptButCleared(snapshot);
  }

  /** Why the bit alone does not say that nobody has written. */
  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void commitIntoItWritesAndLeavesTheBit() throws IOException {
    MemoryBlockFile before = replica(65536);
    Path path = store(before);
    Path overlay = folder.resolve("overlay.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", path, "-F", "qcow2", overlay).orFail();
    Qemu.io(overlay, "write -P 1 0 64k").orFail();
    Qemu.img("commit", overlay).orFail();
    MemoryBlockFile after = MemoryBlockFile.load(path);
    assertFalse(before.sameContent(after));
    assertTrue(Header.read(after).features().isReplica());
    assertTrue(PositionSlots.read(Header.read(after), after.name()).isInPlace());
  }

  @Test
  @RequiresTools("qemu-img")
  void convertToANewFileLosesThem() throws IOException {
    Path path = store(replica(65536));
    Path copy = folder.resolve("copy.qcow2");
    Qemu.img("convert", "-O", "qcow2", path, copy).orFail();
    Header header = Header.read(MemoryBlockFile.load(copy));
    assertTrue(header.extension(HeaderExtension.POSITION_SLOTS).isEmpty());
  }

  private static void keptButCleared(Path path) throws IOException {
    Header header = Header.read(MemoryBlockFile.load(path));
    assertFalse(header.features().isReplica());
    PositionSlots slots = PositionSlots.read(header, path.toString());
    assertTrue(slots.isComplete(), "both slots are still readable, wherever they are");
    assertArrayEquals(STATE, slots.newest().orElseThrow().payload());
    assertEquals(0, slots.placeOf(0).bytes() % 512);
    Qemu.checkClean(path);
  }

  private static void write(MemoryBlockFile file, PositionSlots slots, PositionSlot slot) {
    file.write(slot.encode(), slots.placeOf(slot.generation()).bytes());
  }

  private static MemoryBlockFile replica(int clusterSize) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("replica.qcow2");
    NewImage.create(
        file, CreateOptions.ofSize(1 << 20).withClusterSize(clusterSize).withReplicaState(STATE));
    return file;
  }

  private Path store(MemoryBlockFile file) throws IOException {
    Path path = folder.resolve("replica.qcow2");
    file.store(path);
    return path;
  }
}
