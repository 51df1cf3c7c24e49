package dev.drover.qcow2.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.format.L1Entry;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages of an image with an external data file get qemu-img's verdict, and are mended as there.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class DataFileCheckTest {

  @TempDir Path folder;

  private MemoryBlockFile specimen() throws IOException {
    Path path = folder.resolve("specimen.qcow2");
    String options = "cluster_size=4k,data_file=" + folder.resolve("data.bin");
    Qemu.img("create", "-f", "qcow2", "-o", options, path, "8M").orFail();
    Qemu.io(path, "write -P 1 0 40k", "write -P 2 3M 20k", "write -P 3 1M 8k").orFail();
    Qemu.io(path, "write -z 1M 4k", "write -z -u 8k 4k", "discard 3M 4k").orFail();
    return MemoryBlockFile.load(path);
  }

  private static Map<String, Damage.Wound> wounds() {
    Map<String, Damage.Wound> wounds = new LinkedHashMap<>();
    wounds.put("nothing", _ -> {});
    wounds.put("leak", image -> image.setRefcount(image.freeCluster(), 1));
    wounds.put("COPIED of an L1 entry", image -> image.flip(l1(image), L1Entry.COPIED));
    wounds.put("COPIED of the first cluster", image -> image.flip(entry(image, 0), L1Entry.COPIED));
    wounds.put("COPIED of another cluster", image -> image.flip(entry(image, 1), L1Entry.COPIED));
    wounds.put("COPIED of zeroes with a place", image -> image.flip(zeroes(image), L1Entry.COPIED));
    wounds.put("not aligned", image -> image.flip(entry(image, 1), 512));
    wounds.put("zeroes not aligned", image -> image.flip(zeroes(image), 512));
    wounds.put("reserved bit", image -> image.flip(entry(image, 1), 2));
    wounds.put("high reserved bit", image -> image.flip(entry(image, 1), 1L << 60));
    wounds.put("compressed", image -> image.put(entry(image, 1), L2Entry.COMPRESSED_FLAG | 4096));
    wounds.put("COPIED compressed", image -> image.flip(entry(image, 1), L2Entry.COMPRESSED_FLAG));
    wounds.put("refcount of a table", image -> image.setRefcount(table(image), 0));
    wounds.put("refcount of a table 2", image -> image.setRefcount(table(image), 2));
    wounds.put("refcount block lost", image -> image.put(image.refcountTableEntryAt(0), 0));
    return wounds;
  }

  private static long l1(Anatomy image) {
    return image.l1EntryAt(true, 0);
  }

  private static long table(Anatomy image) {
    return L1Entry.offset(image.longAt(l1(image)));
  }

  private static long entry(Anatomy image, int n) {
    return table(image) + 8L * n;
  }

  private static long zeroes(Anatomy image) {
    return table(image) + 8L * (1 << 20 >> 12);
  }

  @Test
  void everyDamageGetsTheVerdictOfQemuImg() throws IOException {
    List<String> different = new ArrayList<>();
    MemoryBlockFile healthy = specimen();
    Path path = folder.resolve("damaged.qcow2");
    for (Map.Entry<String, Damage.Wound> wound : wounds().entrySet()) {
      for (Repair mode : Repair.values()) {
        MemoryBlockFile image = healthy.copy();
        wound.getValue().inflict(new Anatomy(image));
        image.store(path);
        Verdict theirs = Verdict.theirs(path, mode);
        Verdict ours = Verdict.ours(image, mode);
        boolean same =
            theirs.exitCode() == ours.exitCode()
                && theirs.corruptions() == ours.corruptions()
                && theirs.leaks() == ours.leaks()
                && theirs.allocatedClusters() == ours.allocatedClusters();
        boolean better = mode != Repair.NONE && theirs.exitCode() != 0 && ours.exitCode() == 0;
        if (!same && !better) {
          different.add(wound.getKey() + ", " + mode + ": theirs " + theirs + ", ours " + ours);
        }
      }
    }
    assertEquals(List.of(), different, () -> String.join("\n", different));
  }
}
