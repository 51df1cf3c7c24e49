package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images whose guest data is in a file of its own, as QEMU has them. */
@RequiresTools({"qemu-img", "qemu-io"})
final class DataFileTest {

  private static final int CLUSTER = 4096;
  private static final int SIZE = (3 << 20) + 1536;

  @TempDir Path folder;

  private Path image;
  private Path data;
  private byte[] model;

  @BeforeEach
  void name() {
    image = folder.resolve("image.qcow2");
    data = folder.resolve("data.bin");
    model = new byte[SIZE];
  }

  /** By an absolute name: QEMU looks for a relative one in its own working directory. */
  private void create(boolean raw) throws IOException {
    create(data.toString(), raw);
  }

  private void create(String name, boolean raw) throws IOException {
    CreateOptions options =
        CreateOptions.ofSize(SIZE).withClusterSize(CLUSTER).withDataFile(name, raw);
    Qcow2Image.create(HostFile.createNew(image), DataFile.create(image, name), options).close();
  }

  private Qcow2Image open(boolean readOnly) throws IOException {
    HostFile file = readOnly ? HostFile.openForReading(image) : HostFile.openForWriting(image);
    try {
      return Qcow2Image.open(file, readOnly, BackingFiles.of(image));
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private void write(Qcow2Image disk, int at, int length, int value) throws IOException {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    disk.write(new GuestOffset(at), ByteBuffer.wrap(bytes));
    Arrays.fill(model, at, at + length, (byte) value);
  }

  private void zero(Qcow2Image disk, int at, int length, boolean unmap) throws IOException {
    disk.writeZeroes(new GuestOffset(at), length, unmap);
    Arrays.fill(model, at, at + length, (byte) 0);
  }

  private void discard(Qcow2Image disk, int at, int length) throws IOException {
    disk.discard(new GuestOffset(at), length);
    Arrays.fill(model, at, at + length, (byte) 0);
  }

  private void use(Qcow2Image disk) throws IOException {
    write(disk, 0, 3 * CLUSTER, 1);
    write(disk, 10 * CLUSTER + 700, 900, 2);
    write(disk, SIZE - 1000, 1000, 3);
    write(disk, 600 * CLUSTER, 30 * CLUSTER, 4);
    zero(disk, 100, 200, true);
    zero(disk, CLUSTER, CLUSTER, false);
    zero(disk, 600 * CLUSTER, 4 * CLUSTER, true);
    discard(disk, 610 * CLUSTER, 4 * CLUSTER);
    write(disk, 611 * CLUSTER + 512, 512, 5);
  }

  /** Read by us and by QEMU; a raw data file holds the very same. */
  private void judge(boolean raw) throws IOException {
    try (Qcow2Image disk = open(true)) {
      ByteBuffer all = ByteBuffer.allocate(model.length);
      disk.read(new GuestOffset(0), all);
      assertArrayEquals(model, all.array());
    }
    Path expected = folder.resolve("expected");
    Files.write(expected, model);
    Qemu.img("compare", "-f", "raw", "-F", "qcow2", expected, image).orFail();
    Qemu.checkClean(image);
    try (HostFile file = HostFile.openForReading(image)) {
      ImageJudge.settled(file);
    }
    if (raw) {
      // QEMU lets it end with a whole cluster.
      byte[] found = Arrays.copyOf(Files.readAllBytes(data), model.length);
      assertArrayEquals(model, found);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void subclustersKeepTheirBytesWhenOthersGetTheirPlace(boolean raw) throws IOException {
    String options = "cluster_size=16k,extended_l2=on,data_file=%s,data_file_raw=%s";
    String asked = options.formatted(data, raw ? "on" : "off");
    Qemu.img("create", "-q", "-f", "qcow2", "-o", asked, image, SIZE).orFail();
    Qemu.io(image, "write -P 1 0 1k", "write -P 7 17k 2k", "write -z 18k 512").orFail();
    Arrays.fill(model, 0, 1 << 10, (byte) 1);
    Arrays.fill(model, 17 << 10, 18 << 10, (byte) 7);
    Arrays.fill(model, (18 << 10) + 512, 19 << 10, (byte) 7);
    try (Qcow2Image disk = open(false)) {
      write(disk, 700, 20, 2);
      write(disk, (17 << 10) - 20, 100, 3);
      zero(disk, 5000, 3000, true);
      write(disk, (18 << 10) + 100, 700, 4);
    }
    judge(raw);
    Qemu.io(image, "write -P 9 18k 400", "discard 0 16k").orFail();
    Arrays.fill(model, 18 << 10, (18 << 10) + 400, (byte) 9);
    Arrays.fill(model, 0, 16 << 10, (byte) 0);
    try (Qcow2Image disk = open(false)) {
      write(disk, 3000, 2000, 6);
    }
    judge(raw);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatWeWriteQemuReads(boolean raw) throws IOException {
    create(raw);
    try (Qcow2Image disk = open(false)) {
      use(disk);
    }
    judge(raw);
    assertEquals(SIZE, Files.size(data));
    assertTrue(Files.size(image) < SIZE / 2, "guest data is not in the image");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatQemuWroteWeGoOnWith(boolean raw) throws IOException {
    String options = "cluster_size=4k,data_file=" + data + (raw ? ",data_file_raw=on" : "");
    Qemu.img("create", "-q", "-f", "qcow2", "-o", options, image, SIZE).orFail();
    Qemu.io(image, "write -P 7 0 64k", "write -z -u 8k 8k", "write -z 32k 8k").orFail();
    Arrays.fill(model, 0, 64 << 10, (byte) 7);
    Arrays.fill(model, 8 << 10, 16 << 10, (byte) 0);
    Arrays.fill(model, 32 << 10, 40 << 10, (byte) 0);
    judge(raw);
    try (Qcow2Image disk = open(false)) {
      use(disk);
      write(disk, 9 << 10, 100, 8); // where it has unmapped
    }
    judge(raw);
    Qemu.io(image, "write -P 9 3k 20k", "discard 600k 64k").orFail();
    Arrays.fill(model, 3 << 10, 23 << 10, (byte) 9);
    Arrays.fill(model, 600 << 10, 664 << 10, (byte) 0);
    judge(raw);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void itsSizeFollowsTheDisks(boolean raw) throws IOException {
    create(raw);
    try (Qcow2Image disk = open(false)) {
      write(disk, SIZE - 5000, 5000, 1);
      disk.resize(SIZE + (2 << 20));
      model = Arrays.copyOf(model, SIZE + (2 << 20));
      write(disk, SIZE + 300, 512, 2);
    }
    judge(raw);
    assertEquals(model.length, Files.size(data));
    try (Qcow2Image disk = open(false)) {
      disk.resize(SIZE - 2048);
      disk.resize(SIZE + 4096);
      model = Arrays.copyOf(Arrays.copyOf(model, SIZE - 2048), SIZE + 4096);
    }
    judge(raw);
    assertEquals(model.length, Files.size(data));
  }

  @Test
  void theMapNamesTheDataFile() throws IOException {
    create("data.bin", false);
    try (Qcow2Image disk = open(false)) {
      use(disk);
      Iterator<HostExtent> map = HostMap.of(disk, new GuestOffset(0), SIZE);
      HostExtent first = map.next();
      assertEquals(data.toString(), first.file().orElseThrow());
      assertEquals(0, first.hostOffset().orElseThrow());
    }
    ImageInfo info;
    try (HostFile file = HostFile.openForReading(image)) {
      info = ImageInfo.read(file);
    }
    assertEquals("data.bin", info.dataFile().orElseThrow());
    assertEquals(false, info.dataFileRaw());
  }

  private void refused(Code code, String words, Executable action) {
    Qcow2Exception e = assertThrows(Qcow2Exception.class, action);
    assertEquals(code, e.code());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void nobodyOpensItUnasked() throws IOException {
    create("data.bin", false);
    try (HostFile file = HostFile.openForReading(image)) {
      refused(Code.DATA_FILE_REFUSED, "\"data.bin\"", () -> Qcow2Image.open(file, true));
      refused(Code.UNSUPPORTED, "one plain file", () -> ReplicaImage.open(file));
    }
  }

  @Test
  void itMustBeThereAndComplete() throws IOException {
    create(false);
    try (FileChannel channel = FileChannel.open(data, StandardOpenOption.WRITE)) {
      channel.truncate(SIZE - 512);
    }
    refused(Code.DATA_FILE_REFUSED, "ends at byte " + (SIZE - 512), () -> open(true));
    Files.delete(data);
    refused(Code.DATA_FILE_REFUSED, "which is not there", () -> open(false));
    Files.createLink(data, image);
    refused(Code.DATA_FILE_REFUSED, "names itself", () -> open(true));
    Files.delete(data);
    Files.createDirectory(data);
    refused(Code.DATA_FILE_REFUSED, "which is no file", () -> open(true));
  }

  @Test
  void snapshotsAndCompressedClustersHaveNoRoomInIt() throws IOException {
    create(false);
    SnapshotSpec spec = new SnapshotSpec(new UUID(1, 2), "s", Instant.EPOCH, new byte[0]);
    ByteBuffer cluster = ByteBuffer.allocate(CLUSTER);
    try (Qcow2Image disk = open(false)) {
      refused(Code.UNSUPPORTED, "snapshots", () -> disk.createSnapshot(spec));
      refused(
          Code.UNSUPPORTED, "compressed", () -> disk.writeCompressed(new GuestOffset(0), cluster));
      write(disk, 0, 10, 1);
    }
    judge(false);
  }

  @Test
  void qemuAndWeKeepEachOtherOffIt() throws IOException {
    create(true);
    String raw = "driver=raw,file.driver=file,file.filename=" + data;
    try (Qcow2Image disk = open(false)) {
      write(disk, 0, 512, 1);
      Qemu.Result resized = Qemu.img("resize", "-f", "raw", data, "8M");
      assertTrue(resized.exitCode() != 0 && resized.output().contains("lock"), resized.output());
      Qemu.img("info", "-U", "--image-opts", raw).orFail();
    }
    judge(true);
  }
}
