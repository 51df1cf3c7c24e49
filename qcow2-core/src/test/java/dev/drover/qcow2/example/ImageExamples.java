package dev.drover.qcow2.example;

import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DiskCopy;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.HostExtent;
import dev.drover.qcow2.HostMap;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCommit;
import dev.drover.qcow2.ImageRebase;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotSpec;
import dev.drover.qcow2.WritableDisk;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.NewImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Iterator;
import java.util.Optional;
import java.util.UUID;

/** What people do with images, each as the Javadoc shows it; ImageExamplesTest runs them all. */
final class ImageExamples {

  private ImageExamples() {}

  static byte[] read(Path path) throws IOException {
    // @start region="read"
    try (Qcow2Image image =
        Qcow2Image.open(HostFile.openForReading(path), true, BackingFiles.of(path))) {
      ByteBuffer bytes = ByteBuffer.allocate(4096);
      image.read(new GuestOffset(1 << 20), bytes); // any thread
      return bytes.array();
    }
    // @end
  }

  static void write(Path path, byte[] content) throws IOException {
    // @start region="write"
    try (Qcow2Image image =
        Qcow2Image.open(HostFile.openForWriting(path), false, BackingFiles.of(path))) {
      image.write(new GuestOffset(1 << 20), ByteBuffer.wrap(content));
      image.writeZeroes(new GuestOffset(2 << 20), 65536, true);
      image.flush(); // only now all of it is durable
    }
    // @end
  }

  static void create(Path path) throws IOException {
    // @start region="create"
    CreateOptions options =
        CreateOptions.ofSize(10L << 30) // 10 GiB
            .withClusterSize(128 << 10)
            .withCompression(Compression.ZSTD);
    Qcow2Image.create(HostFile.createNew(path), options).close();
    // @end
  }

  static void overlay(Path path, String base) throws IOException {
    // @start region="overlay"
    try (HostFile file = HostFile.createNew(path)) {
      NewImage.create(
          file, CreateOptions.ofSize(10L << 30).withBacking(BackingReference.qcow2(base)));
    }
    // @end
  }

  static int check(Path path) throws IOException {
    // @start region="check"
    try (HostFile file = HostFile.openForWriting(path)) {
      CheckReport found = ImageCheck.check(file, ImageCheck.Repair.NONE);
      if (!found.isClean()) {
        found.findings().forEach(System.out::println);
        found = ImageCheck.check(file, ImageCheck.Repair.ALL);
      }
      return found.exitCode(); // as qemu-img check: 0 clean
    }
    // @end
  }

  static long bytesThere(Path path) throws IOException {
    // @start region="map"
    long bytes = 0;
    try (Qcow2Image image =
        Qcow2Image.open(HostFile.openForReading(path), true, BackingFiles.of(path))) {
      Iterator<HostExtent> map = HostMap.of(image, GuestOffset.ZERO, image.virtualSizeBytes());
      while (map.hasNext()) {
        HostExtent extent = map.next();
        if (extent.kind() == HostExtent.Kind.DATA && extent.file().isPresent()) {
          try (FileChannel file = FileChannel.open(Path.of(extent.file().get()))) {
            ByteBuffer mine = ByteBuffer.allocate((int) Math.min(extent.length(), 4096));
            bytes += file.read(mine, extent.hostOffset().getAsLong()); // I/O of one's own
          }
        }
      }
    }
    return bytes;
    // @end
  }

  static void snapshot(Path path) throws IOException {
    // @start region="snapshot"
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForWriting(path), false)) {
      UUID id = UUID.randomUUID(); // taking a snapshot twice under one id takes it once
      image.createSnapshot(new SnapshotSpec(id, "before", Instant.now(), new byte[0]));
      image.write(GuestOffset.ZERO, ByteBuffer.wrap("a mistake".getBytes()));
      image.revertToSnapshot("before");
      image.deleteSnapshot("before");
    }
    // @end
  }

  static void convert(Path from, Path to) throws IOException {
    // @start region="convert"
    try (GuestDisk source =
            Qcow2Image.open(HostFile.openForReading(from), true, BackingFiles.of(from));
        Qcow2Image copy =
            Qcow2Image.create(
                HostFile.createNew(to), CreateOptions.ofSize(source.virtualSizeBytes()))) {
      new DiskCopy(source, 4096, done -> {}).withWorkers(4, false).into(copy, true);
    }
    // @end
  }

  static void convertAndWatch(Path from, Path to) throws IOException {
    // @start region="progress"
    try (GuestDisk source =
            Qcow2Image.open(HostFile.openForReading(from), true, BackingFiles.of(from));
        HostFile raw = HostFile.createNew(to)) {
      long size = source.virtualSizeBytes();
      new DiskCopy(source, 4096, done -> System.out.printf("%d%%%n", 100 * done / size))
          .intoRaw(raw);
    }
    // @end
  }

  static void commit(Path overlay) throws IOException {
    // @start region="commit"
    BackingFiles gate = BackingFiles.withWritable(overlay, Optional.empty());
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForWriting(overlay), false, gate)) {
      WritableDisk base = gate.writable().orElseThrow();
      ImageCommit.commit(image, base, done -> {});
    }
    // @end
  }

  static void rebase(Path image, String onto) throws IOException {
    // @start region="rebase"
    ImageRebase.rebase(
        HostFile.openForWriting(image),
        BackingFiles.of(image),
        Optional.of(BackingReference.qcow2(onto)), // as seen from the image's folder
        done -> {});
    // @end
  }
}
