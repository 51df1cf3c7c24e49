package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code drover image check} beside {@code qemu-img check}: exit codes and JSON, as scripts see.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class CheckVerbTest {

  private static final int HEADER_BYTES_OF_VERSION = 4;
  private static final int CLUSTER = 1 << 16;
  private static final int REFCOUNT_BLOCK = 2 * CLUSTER;

  @TempDir Path folder;

  private Path image;

  @BeforeEach
  void makeAnImage() {
    image = folder.resolve("image.qcow2");
    Qemu.img("create", "-f", "qcow2", image, "1M").orFail();
    Qemu.io(image, "write -P 1 0 128k").orFail();
  }

  private void put(long at, int value) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(at);
      file.writeShort(value);
    }
  }

  /** Raises the refcount of a cluster beyond all: one is appended for it. */
  private void leak() throws IOException {
    long clusters = Files.size(image) / CLUSTER;
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((clusters + 1) * CLUSTER);
    }
    put(REFCOUNT_BLOCK + 2 * clusters, 1);
  }

  private void corrupt() throws IOException {
    put(REFCOUNT_BLOCK + 2 * 5, 0); // the first cluster of data counts as free
  }

  /** Both on files of their own; same exit code, and same JSON where there is any. */
  private int both(String... flags) throws IOException {
    Path theirs = folder.resolve("theirs").resolve("image.qcow2");
    Path ours = folder.resolve("ours").resolve("image.qcow2");
    List<Object> arguments = new ArrayList<>(List.of("check", "--output=json"));
    arguments.addAll(List.of(flags));
    for (Path copy : List.of(theirs, ours)) {
      Files.createDirectories(copy.getParent());
      Files.write(copy, Files.readAllBytes(image));
    }
    List<Object> here = new ArrayList<>(arguments);
    arguments.add(theirs);
    here.add(ours);
    Qemu.Result qemu = Qemu.img(arguments.toArray());
    ImageVerb verb = ImageVerb.run(here.toArray());
    assertEquals(qemu.exitCode(), verb.exit(), qemu.output() + verb.out() + verb.err());
    int json = qemu.output().indexOf("{\n");
    if (json >= 0) {
      String text = qemu.output().substring(json, qemu.output().lastIndexOf('}') + 1);
      String expected = text.replace("/theirs/", "/ours/");
      assertEquals(ImageVerb.parse(expected), verb.json(), qemu.output());
    } else {
      assertEquals(1, verb.err().lines().filter(line -> line.startsWith("drover: ")).count());
    }
    return verb.exit();
  }

  @Test
  void aCleanImageEndsWithZero() throws IOException {
    assertEquals(0, both());
    assertEquals(0, both("-r", "leaks"));
    assertEquals(0, both("-r", "all"));
  }

  @Test
  void leaksEndWithThreeAndAreMended() throws IOException {
    leak();
    assertEquals(3, both());
    assertEquals(0, both("-r", "leaks"));
    assertEquals(0, both("-r", "all"));
  }

  @Test
  void corruptionsEndWithTwoAndAreMendedWhenAllMayBe() throws IOException {
    corrupt();
    assertEquals(2, both());
    assertEquals(1, both("-r", "leaks"));
    ImageVerb mended = ImageVerb.run("check", "-r", "all", image).orFail();
    assertTrue(mended.out().contains("found and repaired"), mended.out());
    Qemu.checkClean(image);
  }

  @Test
  void whatCannotBeCheckedEndsWithOne() throws IOException {
    put(HEADER_BYTES_OF_VERSION, 9);
    assertEquals(1, both());
  }

  @Test
  void anImageWhoseDataFileIsGoneEndsWithOne() throws IOException {
    Path data = folder.resolve("data.bin");
    Files.delete(image);
    Qemu.img("create", "-f", "qcow2", "-o", "data_file=" + data, image, "1M").orFail();
    assertEquals(0, both());
    Files.delete(data);
    assertEquals(1, both());
  }

  @Test
  void anotherFormatEndsWithSixtyThree() throws IOException {
    Path raw = folder.resolve("disk.raw");
    Files.write(raw, new byte[4096]);
    assertEquals(63, Qemu.img("check", "-f", "raw", raw).exitCode());
    assertEquals(63, ImageVerb.run("check", "-f", "raw", raw).exit());
  }
}
