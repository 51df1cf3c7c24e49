package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drover image measure} beside qemu-img's: every number, over a matrix of options. */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageMeasureVerbTest {

  @TempDir Path folder;

  private static final List<String> OPTIONS =
      List.of(
          "",
          "cluster_size=512",
          "cluster_size=2M,refcount_bits=64",
          "cluster_size=4k,refcount_bits=1",
          "compat=0.10",
          "extended_l2=on",
          "preallocation=metadata",
          "preallocation=falloc",
          "preallocation=full,cluster_size=512",
          "backing_file=x,backing_fmt=raw",
          "compat=0.10,refcount_bits=8",
          "preallocation=nope",
          "foo=1");

  /** The same call; the same words, or both refuse. */
  private static void same(Object... call) {
    List<Object> all = new ArrayList<>(List.of("measure"));
    all.addAll(List.of(call));
    Qemu.Result theirs = Qemu.img(all.toArray());
    ImageVerb ours = ImageVerb.run(all.toArray());
    assertEquals(theirs.exitCode() == 0, ours.exit() == 0, all + ": " + theirs + ours);
    if (ours.exit() == 0) {
      assertEquals(theirs.output().replaceAll("\\s+", " "), ours.out().replaceAll("\\s+", " "));
    }
  }

  @Test
  void emptyDisksOfEverySize() {
    for (String size : List.of("0", "1", "1000", "1G", "7T", "100P")) {
      same("-O", "qcow2", "--size", size);
      same("-O", "raw", "--size", size);
      same("-O", "qcow2", "--size", size, "-o", "cluster_size=2M,refcount_bits=1");
    }
    same("-O", "qcow2", "--output=json", "--size", "3G", "-o", "cluster_size=1k");
    same("--size", "x");
    same("--size", "1G", "-l", "s");
    same();
  }

  @Test
  void copiesOfAnImage() throws IOException {
    Path image = folder.resolve("image.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", image, "10M").orFail();
    Qemu.io(image, "write 1k 1k", "write 70k 100k", "write -z 200k 64k", "write -c 3M 64k")
        .orFail();
    Qemu.img("snapshot", "-c", "s", image).orFail();
    Qemu.img("bitmap", "--add", image, "one").orFail();
    Qemu.img("bitmap", "--add", "-g", "512", image, "another").orFail();
    Qemu.img("resize", "-q", image, "12M").orFail();
    Qemu.io(image, "write 11M 1M", "discard 70k 64k").orFail();
    for (String options : OPTIONS) {
      List<Object> call = new ArrayList<>(List.of("-O", "qcow2", "--output=json"));
      if (!options.isEmpty()) {
        call.addAll(List.of("-o", options));
      }
      call.add(image);
      same(call.toArray());
    }
    same("-O", "qcow2", "-l", "s", image);
    same("-O", "qcow2", "-l", "nope", image);
    same("-O", "raw", image);
    same("-O", "qcow2", "--size", "1G", image);
  }

  @Test
  void copiesOfASparseFile() throws IOException {
    Path raw = folder.resolve("sparse.raw");
    try (var file = new RandomAccessFile(raw.toFile(), "rw")) {
      file.setLength(3_000_000_000L);
      file.seek(1_000_000);
      file.write(new byte[100_000]);
    }
    same("-f", "raw", "-O", "qcow2", raw);
    same("-f", "raw", "-O", "qcow2", "-o", "cluster_size=512", raw);
    same("-f", "raw", "-O", "raw", raw);
  }

  @Test
  void copiesOfAChain() throws IOException {
    Path base = folder.resolve("base.qcow2");
    Path top = folder.resolve("top.qcow2");
    Qemu.img("create", "-q", "-f", "qcow2", "-o", "compat=0.10", base, "5M").orFail();
    Qemu.io(base, "write 0 300k", "write 4M 1k").orFail();
    Qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top, "9M").orFail();
    Qemu.io(top, "write 100k 1k", "write -z 128k 64k", "write 8M 1k").orFail();
    same("-O", "qcow2", "--output=json", base);
    same("-O", "qcow2", top);
    same("-O", "qcow2", "-o", "cluster_size=512", top);
  }
}
