package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code drover image commit} and {@code rebase} beside qemu-img's, on twins of a chain of three
 * files: the same disks, names and exit codes afterwards.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageChainVerbsTest {

  private static final long SEED = Long.getLong("drover.seed", 7);
  private static final List<String> FILES = List.of("base", "mid", "top", "other");

  /** base (3M) ← mid (2M) ← top (4M), and another disk like base that differs in places. */
  @TempDir static Path chain;

  @TempDir Path folder;
  private Path ours;
  private Path theirs;

  @BeforeAll
  static void makeChain() throws IOException {
    Random random = new Random(SEED);
    create("base", "3M", null, "cluster_size=4k");
    create("mid", "2M", "base", "cluster_size=64k");
    create("top", "4M", "mid", "cluster_size=16k,compat=0.10");
    scribble("base", 3 << 20, random);
    Files.copy(chain.resolve("base"), chain.resolve("other"));
    scribble("mid", 2 << 20, random);
    scribble("top", 4 << 20, random);
    scribble("other", 3 << 20, random);
  }

  @BeforeEach
  void makeTwins() throws IOException {
    ours = Files.createDirectory(folder.resolve("ours"));
    theirs = Files.createDirectory(folder.resolve("theirs"));
    for (String name : FILES) {
      Files.copy(chain.resolve(name), ours.resolve(name));
      Files.copy(chain.resolve(name), theirs.resolve(name));
    }
  }

  private static void create(String name, String size, String backing, String options) {
    List<Object> arguments = new ArrayList<>(List.of("create", "-q", "-f", "qcow2", "-o", options));
    if (backing != null) {
      arguments.addAll(List.of("-b", backing, "-F", "qcow2"));
    }
    arguments.addAll(List.of(chain.resolve(name), size));
    Qemu.img(arguments.toArray()).orFail();
  }

  private static void scribble(String name, int size, Random random) {
    String[] commands = new String[12];
    for (int i = 0; i < commands.length; i++) {
      int length = 512 * (1 + random.nextInt(i % 3 == 0 ? 300 : 30));
      int at = 512 * random.nextInt((size - length) / 512);
      commands[i] =
          i % 4 == 3
              ? "write -z %d %d".formatted(at, length)
              : "write -P %d %d %d".formatted(1 + random.nextInt(250), at, length);
    }
    Qemu.io(chain.resolve(name), commands).orFail();
  }

  /** Runs a verb on both twins of the chain; their files show the same then. */
  private void both(String... words) throws IOException {
    ImageVerb said = ImageVerb.run(arguments(ours, words));
    Qemu.Result says = Qemu.img(arguments(theirs, words));
    assertEquals(says.exitCode(), said.exit(), says.output() + said.err());
    assertEquals(says.exitCode() == 0 ? says.output() : "", said.out());
    for (String name : FILES) {
      Path our = ours.resolve(name);
      if (Files.mismatch(our, chain.resolve(name)) >= 0
          || Files.mismatch(theirs.resolve(name), chain.resolve(name)) >= 0) {
        sameDisk(our, theirs.resolve(name));
        assertEquals(backing(theirs.resolve(name)), backing(our));
        Qemu.checkClean(our);
      }
    }
  }

  private static void sameDisk(Path our, Path their) {
    String said = Qemu.img("compare", our, their).orFail().output();
    assertEquals("Images are identical.\n", said);
  }

  private static Object[] arguments(Path twin, String... words) {
    Object[] arguments = Arrays.copyOf(words, words.length, Object[].class);
    arguments[words.length - 1] = twin.resolve(words[words.length - 1]);
    return arguments;
  }

  private static String backing(Path image) throws IOException {
    var info = ImageVerb.parse(Qemu.img("info", "--output=json", image).orFail().output());
    return info.path("backing-filename") + " " + info.path("backing-filename-format");
  }

  @Test
  void aNewBackingFileThatIsNotThereIsNamedAndTheImageStaysAsItIs() throws IOException {
    ImageVerb said =
        ImageVerb.run("rebase", "-b", "nope.qcow2", "-F", "qcow2", ours.resolve("top"));
    assertEquals(1, said.exit());
    assertTrue(said.err().contains("new backing file 'nope.qcow2'"), said.err());
    assertFalse(said.err().contains("-u"), said.err());
    assertEquals(-1, Files.mismatch(ours.resolve("top"), chain.resolve("top")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "commit top",
        "commit -d top",
        "commit -q -t none top",
        "commit -b base top",
        "commit -b mid top",
        "commit -b other top",
        "commit base",
        "rebase -b base -F qcow2 top",
        "rebase -b other -F qcow2 -T none top",
        "rebase -u -b other -F qcow2 top",
        "rebase -u -b base -F qcow2 mid",
        "rebase -b other -F qcow2 base",
        "rebase -b nowhere -F qcow2 top"
      })
  void aVerbLeavesTheSameDisks(String line) throws IOException {
    both(line.split(" "));
  }

  @Test
  void anImageThatStandsAloneIsTheSameDiskWithoutAnyOther() throws IOException {
    both("rebase", "-b", "", "top");
    Files.delete(ours.resolve("mid"));
    sameDisk(ours.resolve("top"), theirs.resolve("top"));
  }

  @Test
  void aCommittedOverlayIsEmptyAndItsBaseShowsTheDisk() throws IOException {
    Path before = folder.resolve("before.raw");
    Qemu.img("convert", ours.resolve("top"), before).orFail();
    ImageVerb.run("commit", ours.resolve("top")).orFail();
    Qemu.img("compare", "-f", "raw", before, ours.resolve("mid")).orFail();
    assertEquals(0, Qemu.checkClean(ours.resolve("top")).number("allocated-clusters"));
  }

  @Test
  void infoTellsOfTheWholeChain() throws IOException {
    Path top = ours.resolve("top");
    for (String output : List.of("json", "human")) {
      assertEquals(
          Qemu.img("info", "--backing-chain", "--output=" + output, top).orFail().output(),
          ImageVerb.run("info", "--backing-chain", "--output=" + output, top).orFail().out());
    }
    Files.delete(ours.resolve("base"));
    assertEquals(1, ImageVerb.run("info", "--backing-chain", top).exit());
    assertEquals(0, ImageVerb.run("info", top).exit());
  }

  @Test
  void anImageWithADataFileIsCommittedAndRebasedToo() throws IOException {
    for (Path twin : new Path[] {ours, theirs}) {
      // A name from the root: QEMU looks for others in its working directory.
      Path data = twin.resolve("data");
      Qemu.img(
              "create",
              "-q",
              "-f",
              "qcow2",
              "-b",
              "base",
              "-F",
              "qcow2",
              "-o",
              "data_file=" + data,
              twin.resolve("outside"))
          .orFail();
      Qemu.io(twin.resolve("outside"), "write -P 77 1M 100k", "write -z 1200k 300k").orFail();
    }
    ImageVerb.run("rebase", "-b", "other", "-F", "qcow2", ours.resolve("outside")).orFail();
    sameDisk(ours.resolve("outside"), theirs.resolve("outside"));
    ImageVerb.run("rebase", "-u", "-b", "other", "-F", "qcow2", ours.resolve("outside")).orFail();
    ImageVerb.run("commit", ours.resolve("outside")).orFail();
    sameDisk(ours.resolve("outside"), theirs.resolve("outside"));
    sameDisk(ours.resolve("other"), theirs.resolve("outside"));
    Qemu.checkClean(ours.resolve("outside"));
  }

  @Test
  void refusalsNameWhatIsWrong() {
    String missing = ImageVerb.run("commit", "-b", "nope", ours.resolve("top")).err();
    assertTrue(missing.contains("Did not find 'nope' in the backing chain"), missing);
    String alone = ImageVerb.run("commit", ours.resolve("base")).err();
    assertTrue(alone.contains("does not have a backing file"), alone);
    String format = ImageVerb.run("rebase", "-b", "other", ours.resolve("top")).err();
    assertTrue(format.contains("backing format must be specified"), format);
    String cache = ImageVerb.run("commit", "-t", "fast", ours.resolve("top")).err();
    assertTrue(cache.contains("-t 'fast' is no cache mode"), cache);
    String held = ImageVerb.run("rebase", "-b", "top", "-F", "qcow2", ours.resolve("base")).err();
    assertTrue(held.contains("its own backing file"), held);
  }
}
