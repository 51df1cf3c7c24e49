package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.format.NewImage;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code drover image …} beside qemu-img and qemu-io: same effect, same words, same exit codes. */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageVerbsTest {

  @TempDir Path folder;

  private Path image() throws IOException {
    Path image = folder.resolve("image.qcow2");
    ImageVerb.run("create", "-q", "-f", "qcow2", image, "1M").orFail();
    return image;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cluster_size=4096",
        "compat=0.10",
        "compat=v3,refcount_bits=1,compression_type=zstd",
        "preallocation=metadata",
        "preallocation=full,cluster_size=4096",
        "lazy_refcounts=on,refcount_bits=64"
      })
  void createSaysAndMakesWhatQemuImgDoes(String options) throws IOException {
    Path ours = folder.resolve("one.qcow2");
    Path theirs = folder.resolve("two.qcow2");
    String said = ImageVerb.run("create", "-f", "qcow2", "-o", options, ours, "5M").orFail().out();
    String says = Qemu.img("create", "-f", "qcow2", "-o", options, theirs, "5M").orFail().output();
    assertEquals(says.replace("two", "one"), said);
    Qemu.checkClean(ours);
    assertEquals(
        Qemu.img("info", theirs).output().replaceAll("two|disk size: .*", ""),
        Qemu.img("info", ours).output().replaceAll("one|disk size: .*", ""));
  }

  @Test
  void ioSaysWhatQemuIoSays() throws IOException {
    Path ours = image();
    Path theirs = folder.resolve("copy.qcow2");
    Files.copy(ours, theirs);
    String[] commands = {
      "write -P 0xab 0 64k",
      "read -P 0xab 1k 3k",
      "read -P 0 0 512",
      "read -P 0xab -s 512 -l 1k 0 4k",
      "write -z -u 8k 8k",
      "write -c -P 7 128k 64k",
      "discard 0 64k",
      "write 1M 512",
      "read 1025k 1",
      "nonsense",
      "flush"
    };
    Object[] arguments = new Object[2 * commands.length + 2];
    arguments[0] = "io";
    for (int i = 0; i < commands.length; i++) {
      arguments[2 * i + 1] = "-c";
      arguments[2 * i + 2] = commands[i];
    }
    arguments[arguments.length - 1] = ours;
    ImageVerb said = ImageVerb.run(arguments);
    Qemu.Result says = Qemu.io(theirs, commands);
    assertEquals(says.exitCode(), said.exit());
    assertEquals(timeless(says.output()), timeless(said.err() + said.out()));
    Qemu.img("compare", ours, theirs).orFail();
    Qemu.checkClean(ours);
  }

  /** Without how long it took. */
  private static String timeless(String output) {
    return output.replaceAll("ops; .*", "ops");
  }

  @Test
  void ioDoesToARawDiskWhatQemuIoDoes() throws IOException {
    Path ours = folder.resolve("one.raw");
    Path theirs = folder.resolve("two.raw");
    Files.write(folder.resolve("pattern"), new byte[] {1, 2, 3});
    String[] commands = {
      "write -P 7 0 64k",
      "write -z 1k 4k",
      "write -zu 8k 16k",
      "write -f -s " + folder.resolve("pattern") + " 30000 700",
      "read -v 65520 32",
      "read -qP0x07 0 512",
      "write -q 3 5",
      "discard 32k 4k",
      "write -n 0 512",
      "write -u 0 512",
      "write -zP 5 0 512",
      "write -s nothing-there 0 512",
      "write -c 0 512",
      "write 999936 1024",
      "read 0 0",
      "flush"
    };
    for (Path each : new Path[] {ours, theirs}) {
      Files.write(each, new byte[1_000_000]);
    }
    Object[] arguments = new Object[2 * commands.length + 4];
    arguments[0] = "io";
    arguments[1] = "-f";
    arguments[2] = "raw";
    Object[] their = new Object[2 * commands.length + 3];
    their[0] = "-f";
    their[1] = "raw";
    for (int i = 0; i < commands.length; i++) {
      arguments[2 * i + 3] = "-c";
      arguments[2 * i + 4] = commands[i];
      their[2 * i + 2] = "-c";
      their[2 * i + 3] = commands[i];
    }
    arguments[arguments.length - 1] = ours;
    their[their.length - 1] = theirs;
    ImageVerb said = ImageVerb.run(arguments);
    Qemu.Result says = Qemu.run("qemu-io", their);
    assertEquals(says.exitCode(), said.exit());
    assertEquals(sorted(says.output()), sorted(said.err() + said.out()));
    assertEquals(-1, Files.mismatch(ours, theirs));
  }

  /** qemu-io tells some of it on its standard error, which comes first. */
  private static List<String> sorted(String output) {
    return timeless(output).lines().sorted().toList();
  }

  @Test
  void ioTellsProgramsAndWritesNothingToWhatIsOnlyRead() throws IOException {
    Path image = image();
    String fields = ImageVerb.run("io", "-c", "write -C 0 64k", image).orFail().out();
    assertTrue(
        fields.matches("65536,1,0:00:\\d\\d\\.\\d\\d,\\d+\\.\\d{3},\\d+\\.\\d{3}\\n"), fields);
    ImageVerb refused = ImageVerb.run("io", "-r", "-c", "write 0 512", image);
    assertEquals(1, refused.exit());
    assertEquals("Block node is read-only\n", refused.err());
    Files.write(folder.resolve("raw"), new byte[512]);
    ImageVerb unsaid = ImageVerb.run("io", "-c", "write 0 512", folder.resolve("raw"));
    assertEquals(1, unsaid.exit());
    assertTrue(unsaid.err().contains("say -f raw"), unsaid.err());
  }

  @Test
  void snapshotsAreMadeListedAppliedAndDeleted() throws IOException {
    Path image = image();
    ImageVerb.run("io", "-c", "write -P 1 0 64k", image).orFail();
    ImageVerb.run("snapshot", "-c", "one", image).orFail();
    ImageVerb.run("io", "-c", "write -P 2 0 64k", image).orFail();
    assertTrue(Qemu.img("snapshot", "-l", image).orFail().output().contains("one"));
    Qemu.img("snapshot", "-c", "two", image).orFail();
    String list = ImageVerb.run("snapshot", "-l", image).orFail().out();
    assertEquals(
        Qemu.img("snapshot", "-l", image).output().replaceAll(" +0?\\n", "\n"),
        list.replaceAll(" +0?\\n", "\n"));
    ImageVerb.run("snapshot", "-a", "one", image).orFail();
    Qemu.io(image, "read -P 1 0 64k").orFail();
    ImageVerb.run("snapshot", "-d", "one", image).orFail();
    assertEquals(1, ImageVerb.run("snapshot", "-d", "one", image).exit());
    Qemu.checkClean(image);
  }

  @Test
  void sizesChangeAndShrinkOnlyWhenToldTo() throws IOException {
    Path image = image();
    assertEquals("Image resized.\n", ImageVerb.run("resize", image, "+512k").orFail().out());
    assertEquals(1, ImageVerb.run("resize", image, "1M").exit());
    ImageVerb.run("resize", "--shrink", "--", image, "-1M").orFail();
    assertEquals(
        512 << 10,
        ImageVerb.run("info", "--output=json", image).json().get("virtual-size").asLong());
    ImageVerb uneven = ImageVerb.run("resize", image, "1000001").orFail();
    assertEquals("size rounded up to 1000448 bytes\n", uneven.err());
    Qemu.checkClean(image);
  }

  @Test
  void whatIsAddedHasItsSpaceAtOnceIfWanted() throws IOException {
    for (String format : List.of("qcow2", "raw")) {
      for (String mode : List.of("falloc", "full")) {
        Path image = folder.resolve(mode + "." + format);
        String wanted = "preallocation=" + mode;
        ImageVerb.run("create", "-q", "-f", format, "-o", wanted, image, "1M").orFail();
        assertTrue(allocated(image) >= 1 << 20, image.toString());
        ImageVerb.run("resize", "-f", format, "--" + wanted, image, "+2M").orFail();
        assertTrue(allocated(image) >= 3 << 20, image.toString());
        Qemu.run("qemu-io", "-r", "-f", format, "-c", "read -P 0 0 3M", image).orFail();
        ImageVerb shrunk =
            ImageVerb.run("resize", "--shrink", "-f", format, "--" + wanted, image, "1M");
        assertEquals(1, shrunk.exit(), shrunk.err());
        assertTrue(shrunk.err().contains("only be used for growing"), shrunk.err());
      }
    }
    Path raw = folder.resolve("full.raw");
    assertEquals(
        1, ImageVerb.run("resize", "-f", "raw", "--preallocation=metadata", raw, "4M").exit());
    assertEquals(1, ImageVerb.run("resize", "--preallocation=some", raw, "4M").exit());
    assertEquals(3 << 20, Files.size(raw));
  }

  @Test
  void whatIsAddedHasItsSpaceOverABackingFileToo() throws IOException {
    Path below = folder.resolve("below.raw");
    Qemu.img("create", "-q", "-f", "raw", below, "1M").orFail();
    for (String mode : List.of("metadata", "falloc", "full")) {
      Path ours = folder.resolve(mode + "-ours.qcow2");
      Path theirs = folder.resolve(mode + "-theirs.qcow2");
      for (Path image : List.of(ours, theirs)) {
        Qemu.img("create", "-q", "-f", "qcow2", "-b", below, "-F", "raw", image, "1M").orFail();
      }
      Qemu.img("resize", "-q", "--preallocation=" + mode, theirs, "3M").orFail();
      ImageVerb.run("resize", "-q", "--preallocation=" + mode, ours, "3M").orFail();
      assertEquals(
          Qemu.checkClean(theirs).number("allocated-clusters"),
          Qemu.checkClean(ours).number("allocated-clusters"));
      assertEquals(!mode.equals("metadata"), allocated(ours) >= 2 << 20, mode);
      Qemu.img("compare", ours, theirs).orFail();
    }
  }

  private static long allocated(Path image) throws IOException {
    return Qemu.img("info", "--output=json", image).orFail().number("actual-size");
  }

  @Test
  void theHolesOfARawFileAreNoData() throws IOException {
    Path raw = folder.resolve("sparse.raw");
    Path overlay = folder.resolve("overlay.qcow2");
    Files.write(raw, new byte[0]);
    for (long size : new long[] {512, 1_000_000, 4L << 40}) {
      try (var file = new RandomAccessFile(raw.toFile(), "rw")) {
        file.setLength(size);
        file.seek(size / 2);
        file.write(9);
        file.seek(size - 1);
        file.write(9);
      }
      Qemu.img("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", overlay, "6T").orFail();
      Qemu.io(overlay, "write 64k 64k", "write -z 256k 1k").orFail();
      for (Path image : List.of(raw, overlay)) {
        String format = image == raw ? "raw" : "qcow2";
        for (String output : List.of("json", "human")) {
          assertEquals(
              Qemu.img("map", "-f", format, "--output", output, image).orFail().output(),
              ImageVerb.run("map", "-f", format, "--output", output, image).orFail().out());
        }
      }
      Path copy = folder.resolve(size + ".qcow2");
      ImageVerb.run("convert", "-f", "raw", "-O", "qcow2", raw, copy).orFail();
      assertEquals(0, ImageVerb.run("compare", "-f", "raw", raw, copy).exit());
    }
  }

  @Test
  void aDiskIsConvertedThereAndBack() throws IOException {
    byte[] content = new byte[3 << 20];
    new Random(5).nextBytes(content);
    Arrays.fill(content, 1 << 20, (2 << 20) + 1000, (byte) 0);
    Arrays.fill(content, (2 << 20) + 5000, (2 << 20) + 200_000, (byte) 9);
    Path raw = folder.resolve("disk.raw");
    Files.write(raw, content);
    for (String options : new String[] {"cluster_size=4096", "compat=0.10"}) {
      for (boolean compressed : new boolean[] {false, true}) {
        Path qcow2 = folder.resolve("x" + compressed + options + ".qcow2");
        Path again = folder.resolve("x" + compressed + options + ".raw");
        if (compressed) {
          ImageVerb.run("convert", "-c", "-O", "qcow2", "-o", options, raw, qcow2).orFail();
        } else {
          ImageVerb.run("convert", "-O", "qcow2", "-o", options, raw, qcow2).orFail();
        }
        Qemu.img("compare", "-f", "raw", "-F", "qcow2", raw, qcow2).orFail();
        ImageVerb.run("convert", qcow2, again).orFail();
        assertEquals(-1, Files.mismatch(raw, again));
        long clusters = Qemu.checkClean(qcow2).number("allocated-clusters");
        int size = options.contains("4096") ? 4096 : 65536;
        assertTrue(clusters * size < (5 << 20) / 2, "zeroes are holes: " + clusters);
      }
    }
  }

  @Test
  void aReplicaIsNotWrittenToUnasked() throws IOException {
    MemoryBlockFile file = new MemoryBlockFile("replica");
    NewImage.create(file, CreateOptions.ofSize(1 << 20).withReplicaState(new byte[] {1}));
    Path image = folder.resolve("replica.qcow2");
    file.store(image);
    byte[] before = Files.readAllBytes(image);
    assertEquals(3, ImageVerb.run("io", "-c", "write 0 64k", image).exit());
    assertEquals(3, ImageVerb.run("snapshot", "-c", "s", image).exit());
    assertEquals(3, ImageVerb.run("resize", image, "2M").exit());
    assertTrue(Arrays.equals(before, Files.readAllBytes(image)));
    ImageVerb.run("io", "--yes", "-c", "write 0 64k", image).orFail();
    Qemu.checkClean(image);
  }
}
