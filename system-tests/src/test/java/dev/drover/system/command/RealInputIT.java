package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real filesystem, written by QEMU over NBD, ends up byte for byte on every replica. */
@RequiresTools({"qemu-img", "mke2fs"})
final class RealInputIT {

  private static final long SIZE = 96L << 20;

  @TempDir Path folder;

  @Test
  void aFilesystemBuiltFromThisSourceTreeReachesTwoReplicasUnchanged() throws IOException {
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      Path source = filesystemOf(Path.of("..").toRealPath());
      drover.ok("volume", "create", "tree", "--size", "96M");
      Drover.Gateway gateway = drover.serve("tree", drover.file("gateway.qcow2"));
      DroverProcess follower =
          drover.start("apply", "tree", "--image", drover.file("b.qcow2"), "--replica", "b");

      Qemu.img("convert", "-n", "-f", "raw", "-O", "raw", source, gateway.uri()).orFail();
      assertEquals(0, gateway.process().stop(), gateway.process().said());
      drover.ok(
          "apply", "tree", "--image", drover.file("c.qcow2"), "--replica", "c", "--until", "end");
      assertEquals(0, follower.stop(), follower.said());
      drover.ok("apply", "tree", "--image", drover.file("b.qcow2"), "--until", "end");

      for (String image : new String[] {"gateway.qcow2", "b.qcow2", "c.qcow2"}) {
        assertCleanForQemu(drover.file(image));
        assertIdenticalForQemu(source, "raw", drover.file(image));
      }
      drover.run("verify", drover.file("b.qcow2"), drover.file("c.qcow2")).expect(0);
    }
  }

  /** An ext4 filesystem with this project's own sources in it. */
  private Path filesystemOf(Path tree) throws IOException {
    Path image = folder.resolve("source.raw");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(SIZE);
    }
    Qemu.run("mke2fs", "-q", "-F", "-t", "ext4", "-d", sources(tree), image).orFail();
    return image;
  }

  /** Only what git would track of one module: target folders are large and change under us. */
  private static Path sources(Path tree) {
    return tree.resolve("qcow2-core").resolve("src");
  }
}
