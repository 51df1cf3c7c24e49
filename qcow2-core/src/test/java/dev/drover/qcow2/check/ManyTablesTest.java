package dev.drover.qcow2.check;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PointerTable;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.format.TablePointer;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A small file cannot make a check read without an end: what it names often is read once. */
@Timeout(20)
final class ManyTablesTest {

  /** An L1 table of 8 MiB. */
  private static final long DISK = 1L << 49;

  private static MemoryBlockFile image() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("many.qcow2");
    try (Qcow2Image image = Qcow2Image.create(file, CreateOptions.ofSize(DISK))) {
      image.write(GuestOffset.ZERO, ByteBuffer.allocate(1 << 16));
    }
    return file;
  }

  @Test
  void aMillionL1EntriesMayLeadToOneTable() throws IOException {
    MemoryBlockFile file = image();
    TablePointer l1 = Header.read(file).l1();
    long[] entries = PointerTable.read(file, l1.offset(), l1.count());
    Arrays.fill(entries, entries[0]);
    file.write(PointerTable.encode(entries), l1.offset().bytes());
    assertFalse(ImageCheck.check(file, Repair.NONE).isClean());
  }

  @Test
  void thousandsOfSnapshotsMayHaveOneL1Table() throws IOException {
    MemoryBlockFile file = image();
    Header header = Header.read(file);
    SnapshotEntry one = SnapshotEntry.of(header.l1(), "1", "s", 0, 0, DISK, new byte[0]);
    ByteBuffer table = SnapshotTable.encode(Collections.nCopies(Header.MAX_SNAPSHOTS, one));
    HostOffset end = new HostOffset(file.length());
    file.write(table, end.bytes());
    Header more = header.withSnapshots(new TablePointer(end, Header.MAX_SNAPSHOTS));
    file.write(more.encodeFields(), 0);
    assertFalse(ImageCheck.check(file, Repair.NONE).isClean());
    assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(file, false));
  }

  @Test
  void thousandsOfBitmapsMayHaveOneTable() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("bitmaps.qcow2");
    try (Qcow2Image image = Qcow2Image.create(file, CreateOptions.ofSize(1 << 20))) {
      image.bitmaps().add("b", 1 << 16, true);
    }
    Header header = Header.read(file);
    Bitmap one = BitmapDirectory.read(file, header).orElseThrow().bitmaps().getFirst();
    TablePointer large = new TablePointer(one.table().offset(), 8192);
    Bitmap lost = one.with(large, BitmapDirectory.IN_USE);
    List<Bitmap> many = Collections.nCopies(BitmapDirectory.MAX_BITMAPS, lost);
    HostOffset end = new HostOffset(file.length());
    file.write(BitmapDirectory.encode(many), end.bytes());
    BitmapDirectory directory = new BitmapDirectory(end, BitmapDirectory.encodedBytes(many), many);
    file.write(header.withExtension(directory.extension()).encode(), 0);
    assertThrows(Qcow2Exception.class, () -> ImageCheck.check(file, Repair.NONE));
    assertThrows(Qcow2Exception.class, () -> Qcow2Image.open(file, false));
  }
}
