package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code drover image amend} beside qemu-img's: both do it, with the same result, or refuse. */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageAmendVerbTest {

  @TempDir Path folder;

  /** What an image is made with, and what is asked of it. */
  private static final List<List<String>> CASES =
      List.of(
          List.of("compat=1.1", "compat=0.10"),
          List.of("compat=0.10", "compat=1.1"),
          List.of("compat=0.10", "compat=1.1,lazy_refcounts=on,refcount_bits=8"),
          List.of("compat=0.10", "lazy_refcounts=on"),
          List.of("compat=0.10", "refcount_bits=8"),
          List.of("refcount_bits=8", "compat=0.10"),
          List.of("refcount_bits=8", "compat=0.10,refcount_bits=16"),
          List.of("lazy_refcounts=on", "lazy_refcounts=off"),
          List.of("lazy_refcounts=on", "compat=0.10"),
          List.of("cluster_size=4k", "refcount_bits=1"),
          List.of("cluster_size=4k", "refcount_bits=3"),
          List.of("extended_l2=on", "compat=0.10"),
          List.of("extended_l2=on", "refcount_bits=64"),
          List.of("compression_type=zstd", "compat=0.10"),
          List.of("cluster_size=4k", "size=20M"),
          List.of("cluster_size=4k", "data_file=x"),
          List.of("cluster_size=4k", "data_file_raw=on"),
          List.of("cluster_size=4k", "backing_file=x"),
          List.of("cluster_size=4k", "cluster_size=8k"),
          List.of("cluster_size=4k", "compat=2.0"));

  @Test
  void everyAmendmentEndsAsQemuImgsDoes() throws IOException {
    for (List<String> each : CASES) {
      Path ours = folder.resolve("one.qcow2");
      Path theirs = folder.resolve("two.qcow2");
      Qemu.img("create", "-q", "-f", "qcow2", "-o", each.getFirst(), ours, "10M").orFail();
      Qemu.io(ours, "write -P 1 0 300k", "write -z 64k 64k", "write -z -u 192k 64k").orFail();
      Files.copy(ours, theirs);
      int expected = Qemu.img("amend", "-f", "qcow2", "-o", each.getLast(), theirs).exitCode();
      int found = ImageVerb.run("amend", "-f", "qcow2", "-o", each.getLast(), ours).exit();
      assertEquals(expected == 0, found == 0, each.toString());
      Qemu.checkClean(ours);
      Qemu.img("compare", ours, theirs).orFail();
      assertEquals(info(theirs), info(ours), each.toString());
      Files.delete(ours);
      Files.delete(theirs);
    }
  }

  private static String info(Path image) {
    return Qemu.img("info", image).orFail().output().replaceAll("one|two|disk size: .*", "");
  }
}
