package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ImageInfoTest {

  @TempDir Path folder;

  @Test
  void tellsOfAReplica() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("replica.qcow2");
    NewImage.create(file, CreateOptions.ofSize(1 << 20).withReplicaState(new byte[] {7}));
    ImageInfo info = ImageInfo.read(file);
    assertTrue(info.isReplica());
    assertArrayEquals(new byte[] {7}, info.position().orElseThrow().payload());
    assertEquals(1 << 20, info.virtualSizeBytes());
    assertFalse(info.dirty());
  }

  @Test
  @RequiresTools({"qemu-img", "qemu-io"})
  void tellsOfQemusImageWhatQemuTells() throws IOException {
    Path path = folder.resolve("image.qcow2");
    Qemu.img("create", "-f", "raw", folder.resolve("base"), "2M").orFail();
    String options = "compression_type=zstd,lazy_refcounts=on,cluster_size=128k";
    Qemu.img("create", "-f", "qcow2", "-o", options, "-b", "base", "-F", "raw", path).orFail();
    Qemu.img("snapshot", "-c", "Grüße", path).orFail();
    Qemu.img("resize", path, "3M");
    Qemu.img("snapshot", "-c", "second", path).orFail();
    MemoryBlockFile file = MemoryBlockFile.load(path);
    ImageInfo info = ImageInfo.read(file);
    assertEquals(Compression.ZSTD, info.compression());
    assertTrue(info.lazyRefcounts());
    assertEquals(128 << 10, info.clusterSizeBytes());
    assertEquals(BackingReference.raw("base"), info.backing().orElseThrow());
    assertFalse(info.isReplica());
    assertTrue(info.position().isEmpty());
    assertEquals(2, info.snapshots().size());
    SnapshotEntry first = info.snapshots().getFirst();
    assertEquals("1", first.idText());
    assertEquals("Grüße", first.nameText());
    assertEquals(2 << 20, first.virtualSize().orElseThrow());
    assertEquals(0, first.vmStateBytes());
    assertEquals(0, first.ownExtra().length);
    String json = Qemu.img("info", "--output=json", path).orFail().output();
    assertTrue(json.contains("\"date-sec\": " + first.seconds()), json);

    ByteBuffer table = SnapshotTable.encode(info.snapshots());
    byte[] theirs = new byte[table.remaining()];
    file.read(ByteBuffer.wrap(theirs), Header.read(file).snapshots().offset().bytes());
    assertArrayEquals(theirs, table.array(), "snapshot entries survive byte for byte");
  }
}
