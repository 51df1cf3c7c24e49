package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drover image bitmap} and what {@code info} says of bitmaps, beside qemu-img. */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageBitmapVerbTest {

  @TempDir Path folder;
  private Path ours;
  private Path theirs;

  private void twins() throws IOException {
    ours = folder.resolve("one.qcow2");
    theirs = folder.resolve("two.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", ours, "10M").orFail();
    Files.copy(ours, theirs);
  }

  /** The same call for both; both say yes, or both say no. */
  private void both(String... words) {
    int expected = Qemu.img(call(theirs, words)).exitCode();
    int found = ImageVerb.run(call(ours, words)).exit();
    assertEquals(expected == 0, found == 0, String.join(" ", words));
  }

  private static Object[] call(Path image, String... words) {
    Object[] call = new Object[words.length + 1];
    call[0] = "bitmap";
    for (int i = 0; i < words.length; i++) {
      call[i + 1] = words[i].equals("IMAGE") ? image : words[i];
    }
    return call;
  }

  private void sameInfo() {
    assertEquals(info(Qemu.img("info", theirs).output()), info(ImageVerb.run("info", ours).out()));
    assertEquals(
        info(Qemu.img("info", "--output=json", theirs).output()),
        info(Qemu.img("info", "--output=json", ours).output()));
  }

  private static String info(String text) {
    return text.replaceAll("one.qcow2|two.qcow2|disk size: .*|\"actual-size.*", "");
  }

  @Test
  void everyActionDoesWhatQemuImgDoes() throws IOException {
    twins();
    for (String words :
        List.of(
            "--add IMAGE a",
            "--add -g 4k --disable IMAGE b",
            "--add --clear --disable --enable --merge a IMAGE c",
            "--add IMAGE a",
            "--add -g 100 IMAGE d",
            "--add -g 4G IMAGE d",
            "--remove IMAGE nope",
            "--merge nope IMAGE a",
            "--remove --clear IMAGE a",
            "--merge c --merge b IMAGE b",
            "IMAGE b",
            "--clear -g 4k IMAGE b",
            "--clear -b IMAGE IMAGE b")) {
      both(words.split(" "));
    }
    sameInfo();
    Qemu.checkClean(ours);
  }

  @Test
  void infoTellsOfBitmapsWhatQemuImgTells() throws IOException {
    twins();
    both("--add", "IMAGE", "b0");
    both("--add", "-g", "4096", "--disable", "IMAGE", "b1");
    sameInfo();
    Qemu.run("sh", "-c", "(echo write 0 64k; sleep 0.3; echo abort) | qemu-io " + ours);
    Files.copy(ours, theirs, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertTrue(ImageVerb.run("info", ours).out().contains("[0]: in-use"));
    sameInfo();
    both("--enable", "IMAGE", "b0");
    both("--merge", "b0", "IMAGE", "b1");
    both("--remove", "IMAGE", "b0");
    sameInfo();
    assertEquals(
        ImageVerb.parse(Qemu.img("info", "--output=json", ours).output()).at("/format-specific"),
        ImageVerb.run("info", "--output=json", ours).json().at("/format-specific"));
  }

  @Test
  void aBitmapOfAnotherImageIsMerged() throws IOException {
    twins();
    Path source = folder.resolve("source.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", source, "10M").orFail();
    ImageVerb.run("bitmap", "--add", source, "s").orFail();
    ImageVerb.run("io", "-c", "write 1M 64k", source).orFail();
    both("--add", "IMAGE", "t");
    for (String format : List.of("qcow2", "raw")) {
      both("--merge", "s", "-b", source.toString(), "-F", format, "IMAGE", "t");
    }
    both("--merge", "s", "-b", "missing", "-F", "raw", "IMAGE", "t");
    assertEquals(List.of("1048576+65536"), ranges(ours));
    assertEquals(ranges(theirs), ranges(ours));
    Qemu.checkClean(ours);
  }

  @Test
  void aBitmapThatOnlyAnotherProgramMayUseIsListedAndRefusedByName() throws IOException {
    twins();
    ImageVerb.run("bitmap", "--add", ours, "Xforeign").orFail();
    ImageVerb.run("bitmap", "--add", ours, "plain").orFail();
    firstByteOfTheFirstNameIsExtraData(ours);
    String info = ImageVerb.run("info", ours).orFail().out();
    assertTrue(info.contains("[1]: incompatible\n            name: foreign"), info);
    Path copy = folder.resolve("copy.qcow2");
    for (String call :
        List.of(
            "bitmap --clear OURS foreign",
            "bitmap --disable OURS foreign",
            "bitmap --merge foreign OURS plain",
            "resize OURS 20M",
            "convert -O qcow2 --bitmaps OURS COPY")) {
      String words = call.replace("OURS", ours.toString()).replace("COPY", copy.toString());
      var refused = ImageVerb.run((Object[]) words.split(" "));
      assertEquals(1, refused.exit(), call);
      assertTrue(refused.err().contains("foreign"), refused.err());
    }
    ImageVerb.run("convert", "-O", "qcow2", "--bitmaps", "--skip-broken-bitmaps", ours, copy)
        .orFail();
    assertTrue(Qemu.img("info", copy).orFail().output().contains("name: plain"));
    assertEquals(0, ImageVerb.run("check", ours).exit());
    ImageVerb.run("bitmap", "--remove", ours, "foreign").orFail();
    Qemu.checkClean(ours);
  }

  private static void firstByteOfTheFirstNameIsExtraData(Path path) throws IOException {
    try (HostFile file = HostFile.openForWriting(path)) {
      var directory = BitmapDirectory.read(file, Header.read(file)).orElseThrow();
      int nameBytes = directory.bitmaps().getFirst().name().length;
      ByteBuffer lengths = ByteBuffer.allocate(6).putShort((short) (nameBytes - 1)).putInt(1);
      file.write(lengths.flip(), directory.flagsAt(0) + 6);
    }
  }

  private static List<String> ranges(Path path) throws IOException {
    List<String> ranges = new ArrayList<>();
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForReading(path), true)) {
      image
          .bitmaps()
          .dirtyRanges("t")
          .forEachRemaining(range -> ranges.add(range.start().bytes() + "+" + range.length()));
    }
    return ranges;
  }
}
