package dev.drover.qcow2.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NewImageTest {

  @TempDir Path folder;

  @Test
  void theDefaultsAreThoseOfQemuImg() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
    NewImage.create(file, CreateOptions.ofSize(1 << 30));
    Header header = Header.read(file);
    assertEquals(16, header.clusterBits());
    assertEquals(1 << 30, header.virtualSize());
    assertEquals(2, header.l1().count());
    assertEquals(4 << 16, file.length());
    assertEquals(Features.NONE, header.features());
  }

  @Test
  void whatWasWrittenReadsBackAndEncodesTheSame() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
    Header written =
        NewImage.create(
            file,
            CreateOptions.ofSize(1 << 30)
                .withBacking(BackingReference.raw("Grün/base.img"))
                .withReplicaState(new byte[] {1, 2, 3}));
    Header read = Header.read(file);
    assertEquals(written.encode(), read.encode());
    assertEquals("Grün/base.img", read.backingName().orElseThrow());
    assertEquals("raw", read.backingFormat().orElseThrow());
    assertTrue(read.features().isReplica());
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 2048, 4096, 8192, 16384, 65536, 1 << 20, 2 << 20})
  @RequiresTools("qemu-img")
  void qemuAcceptsEveryClusterSize(int clusterSize) throws IOException {
    for (long size : new long[] {0, 512, clusterSize * 3L + 512, 100L << 20}) {
      MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
      CreateOptions options = CreateOptions.ofSize(size).withClusterSize(clusterSize);
      NewImage.create(file, clusterSize < 4096 ? options : options.withReplicaState(new byte[400]));
      Path path = folder.resolve("new.qcow2");
      file.store(path);
      assertEquals(size, Qemu.img("info", "--output=json", path).orFail().number("virtual-size"));
      assertEquals(file.length(), Qemu.checkClean(path).number("image-end-offset"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096, 65536, 2 << 20})
  @RequiresTools("qemu-img")
  void theLargestDiskThatClustersCanMapOpensInQemu(int clusterSize) throws IOException {
    long largest = CreateOptions.maxVirtualSize(clusterSize);
    MemoryBlockFile file = new MemoryBlockFile("big.qcow2");
    NewImage.create(file, CreateOptions.ofSize(largest).withClusterSize(clusterSize));
    assertEquals(largest, Header.read(file).virtualSize());
    Path path = folder.resolve("big.qcow2");
    file.store(path);
    assertEquals(largest, Qemu.img("info", "--output=json", path).orFail().number("virtual-size"));
    Qemu.checkClean(path);

    refused(CreateOptions.ofSize(largest + 512).withClusterSize(clusterSize));
  }

  @ParameterizedTest
  @ValueSource(ints = {16384, 65536, 2 << 20})
  @RequiresTools("qemu-img")
  void qemuAcceptsExtendedL2EntriesUpToTheLargestDisk(int clusterSize) throws IOException {
    CreateOptions small = CreateOptions.ofSize(0).withClusterSize(clusterSize).withExtendedL2(true);
    MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
    NewImage.create(file, small);
    Geometry geometry = Header.read(file).geometry();
    assertTrue(geometry.extendedL2());
    long largest = geometry.maxVirtualSize();
    assertEquals(CreateOptions.maxVirtualSize(clusterSize) / 2, largest);
    for (long size : new long[] {512, clusterSize * 3L + 512, largest}) {
      MemoryBlockFile made = new MemoryBlockFile("new.qcow2");
      NewImage.create(made, small.withVirtualSize(size));
      Path path = folder.resolve("new.qcow2");
      made.store(path);
      String info = Qemu.img("info", "--output=json", path).orFail().output();
      assertTrue(info.contains("\"extended-l2\": true"), info);
      assertTrue(info.contains("\"virtual-size\": " + size), info);
      Qemu.checkClean(path);
    }
    refused(small.withVirtualSize(largest + 512));
  }

  @Test
  void extendedL2EntriesNeedClustersOfSixteenKibibytesAndVersion3() throws IOException {
    CreateOptions extended = CreateOptions.ofSize(512).withExtendedL2(true);
    refused(extended.withClusterSize(8192));
    refused(extended.withVersion(FormatVersion.V2));
    MemoryBlockFile small = new MemoryBlockFile("small.qcow2");
    NewImage.create(small, CreateOptions.ofSize(512).withClusterSize(8192));
    small.write(ByteBuffer.allocate(8).putLong(0, Features.EXTENDED_L2), Header.FEATURES_AT);
    Qcow2Exception refusal = assertThrows(Qcow2Exception.class, () -> Header.read(small));
    assertEquals(Code.CORRUPT, refusal.code());
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 65536})
  @RequiresTools("qemu-img")
  void theLongestBackingNameFitsOrIsRefused(int clusterSize) throws IOException {
    String name = "b".repeat(clusterSize == 512 ? 300 : 1023);
    MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
    CreateOptions options =
        CreateOptions.ofSize(1 << 20)
            .withClusterSize(clusterSize)
            .withBacking(BackingReference.raw(name));
    NewImage.create(file, clusterSize < 4096 ? options : options.withReplicaState(new byte[400]));
    assertEquals(name, Header.read(file).backingName().orElseThrow());
    Path path = folder.resolve("new.qcow2");
    file.store(path);
    String info = Qemu.img("info", "--output=json", path).orFail().output();
    assertTrue(info.contains("\"backing-filename\": \"" + name + "\""), info);

    refused(options.withBacking(BackingReference.raw("b".repeat(1024))));
  }

  @ParameterizedTest
  @CsvSource({"-512,65536", "511,65536", "512,256", "512,4194304", "512,65535", "512,0", "512,-1"})
  void impossibleOptionsAreRefusedBeforeAnythingIsWritten(long size, int clusterSize)
      throws IOException {
    refused(CreateOptions.ofSize(size).withClusterSize(clusterSize));
  }

  @Test
  void aReplicaNeedsClustersOfFourKibibytes() throws IOException {
    refused(CreateOptions.ofSize(512).withClusterSize(2048).withReplicaState(new byte[1]));
  }

  private void refused(CreateOptions options) throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("new.qcow2");
    Qcow2Exception refusal =
        assertThrows(Qcow2Exception.class, () -> NewImage.create(file, options));
    assertEquals(Code.INVALID_OPTION, refusal.code());
    assertEquals(0, file.length());
  }

  @Test
  void aMakingThatFailsAnywhereLeavesNoImage() throws IOException {
    CreateOptions options =
        CreateOptions.ofSize(1 << 20).withClusterSize(4096).withReplicaState(new byte[9]);
    FailingBlockFile count = new FailingBlockFile(new MemoryBlockFile("new.qcow2"));
    NewImage.create(count, options);
    for (long n = 1; n < count.ios(); n++) { // the last I/O is the sync behind the header
      CrashingBlockFile disk = new CrashingBlockFile("new.qcow2");
      FailingBlockFile failing = new FailingBlockFile(disk).failFrom(n, Failure.EIO);
      assertThrows(IOException.class, () -> NewImage.create(failing, options));
      MemoryBlockFile left = disk.crash(CrashingBlockFile.Survival.EVERYTHING);
      ByteBuffer magic = ByteBuffer.allocate(4);
      left.read(magic, 0);
      assertArrayEquals(new byte[4], magic.array(), "I/O " + n);
    }
  }
}
