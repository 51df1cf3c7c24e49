package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What scripts seldom do, and then rely on: beside qemu-img on twins, where both leave the same.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageEdgesTest {

  @TempDir Path folder;
  private Path ours;
  private Path theirs;

  /**
   * One with four snapshots of three sizes, of which some have confusing names; one of version 2.
   */
  @BeforeEach
  void makeTwins() throws IOException {
    ours = Files.createDirectory(folder.resolve("ours"));
    theirs = Files.createDirectory(folder.resolve("theirs"));
    Path image = theirs.resolve("image");
    Path old = theirs.resolve("old");
    Qemu.img("create", "-q", "-f", "qcow2", image, "1M").orFail();
    int size = 1;
    for (String name : new String[] {"one", "1", "twice", "twice"}) {
      Qemu.img("resize", "-q", image, Math.min(size, 3) + "M").orFail();
      Qemu.io(image, "write -P %d 0 64k".formatted(size++)).orFail();
      Qemu.img("snapshot", "-c", name, image).orFail();
    }
    Qemu.io(image, "write -P 9 0 64k").orFail();
    Qemu.img("create", "-q", "-f", "qcow2", "-o", "compat=0.10", old, "1M").orFail();
    Qemu.img("snapshot", "-c", "s", old).orFail();
    Qemu.img("create", "-q", "-f", "qcow2", theirs.resolve("nothing"), "0").orFail();
    Qemu.img(
            "create",
            "-qu",
            "-f",
            "qcow2",
            "-b",
            "nbd://a/b",
            "-F",
            "raw",
            theirs.resolve("far"),
            "1M")
        .orFail();
    Files.write(theirs.resolve("raw"), new byte[1 << 16]);
    for (String each : new String[] {"image", "old", "nothing", "far", "raw"}) {
      Files.copy(theirs.resolve(each), ours.resolve(each));
    }
  }

  /** {@code <} in front of a file of the twins. */
  private static Object[] arguments(Path twin, String line) {
    return Arrays.stream(line.split(" "))
        .map(word -> word.startsWith("<") ? twin.resolve(word.substring(1)) : word)
        .toArray();
  }

  /** Both; the same exit code. */
  private ImageVerb both(String line) {
    Qemu.Result says = Qemu.img(arguments(theirs, line));
    ImageVerb said = ImageVerb.run(arguments(ours, line));
    assertEquals(says.exitCode(), said.exit(), says.output() + said.out() + said.err());
    return said;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "snapshot -a 1 <image",
        "snapshot -a one <image",
        "snapshot -a twice <image",
        "snapshot -a 4 <image",
        "snapshot -a none <image",
        "snapshot -d 1 <image",
        "snapshot -d 3 <image",
        "snapshot -d twice <image",
        "snapshot -d none <image"
      })
  void aSnapshotIsTheOneThatQemuImgTakes(String line) throws IOException {
    both(line);
    Qemu.img("compare", "-s", ours.resolve("image"), theirs.resolve("image")).orFail();
    assertEquals(
        Qemu.img("snapshot", "-l", theirs.resolve("image")).output(),
        Qemu.img("snapshot", "-l", ours.resolve("image")).output());
    Qemu.checkClean(ours.resolve("image"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "one", "twice", "snapshot.id=1", "snapshot.name=twice"})
  void aSnapshotToReadIsTheOneThatQemuImgReads(String name) throws IOException {
    both("convert -O qcow2 -l " + name + " <image <new");
    // Its size is the snapshot's own; QEMU's copy has zeroes up to the size that the disk has now.
    Qemu.img("compare", ours.resolve("new"), theirs.resolve("new")).orFail();
    assertEquals(
        Qemu.img("measure", "-O", "qcow2", "-l", name, theirs.resolve("image")).output(),
        both("measure -O qcow2 -l " + name + " <image").out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "resize <image 0",
        "resize -q <image 0x400000",
        "resize --shrink -q <image -- -9M",
        "resize -q <old 2M",
        "resize -q --shrink <old 512k",
        "amend -o size=2M <old",
        "amend -o compat=1.1,size=2M <old",
        "create -q -f qcow2 <new",
        "create -q -f qcow2 <new 0x100000",
        "create -q -f qcow2 -o size=1M <new 1M",
        "compare -f nothing <image <image",
        "compare -F nothing <image <image",
        "snapshot -l <raw",
        "convert -O raw -o preallocation=full <image <new",
        "convert -O raw -o preallocation=metadata <image <new",
        "measure -O qcow2 --size 0x100000"
      })
  void wordsEndAsWithQemuImg(String line) throws IOException {
    both(line);
    for (String each : new String[] {"image", "old", "new"}) {
      if (Files.exists(ours.resolve(each))) {
        Qemu.img("compare", "-s", ours.resolve(each), theirs.resolve(each)).orFail();
      }
    }
  }

  /** What is compared is the same disk, written in different ways. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "write -P 0 128k 64k",
        "write -z 128k 64k",
        "write -zu 128k 64k",
        "write -P 9 0 64k",
        "discard 128k 64k"
      })
  void aStrictCompareTellsDataZeroesAndHolesApart(String command) {
    for (Path twin : new Path[] {ours, theirs}) {
      Qemu.img("convert", "-O", "qcow2", twin.resolve("image"), twin.resolve("a")).orFail();
      Qemu.img("convert", "-O", "qcow2", twin.resolve("image"), twin.resolve("b")).orFail();
      Qemu.img("convert", "-O", "raw", twin.resolve("image"), twin.resolve("c")).orFail();
      Qemu.io(twin.resolve("b"), command).orFail();
    }
    both("compare -s <a <b");
    both("compare -s -F raw <b <c");
    both("compare -s -f raw -F raw <c <c");
  }

  @Test
  void aSnapshotWithoutANameIsRefusedInWords() {
    for (String name : new String[] {"", "x".repeat(256)}) {
      ImageVerb said = ImageVerb.run("snapshot", "-c", name, ours.resolve("image"));
      assertEquals(1, said.exit());
      assertEquals(
          "drover: a snapshot's name has 1 to 255 characters, not %d\n".formatted(name.length()),
          said.err());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"check --output=json <nothing", "info --output=json <far"})
  void whatIsSaidOfAnOddImageIsTheSame(String line) throws IOException {
    String says = Qemu.img(arguments(theirs, line)).orFail().output();
    assertEquals(ImageVerb.parse(says.replace("/theirs/", "/ours/")), both(line).json());
  }

  @Test
  void ioTakesOptionsBehindWhatTheyAreAbout() {
    Path image = ours.resolve("image");
    ImageVerb.run("io", "-c", "write 0 64k -P 5", "-c", "read 0 -qP5 64k", image).orFail();
    Qemu.io(image, "read -P 5 0 64k").orFail();
  }
}
