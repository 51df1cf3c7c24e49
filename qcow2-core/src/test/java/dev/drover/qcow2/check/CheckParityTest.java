package dev.drover.qcow2.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way to damage an image gets qemu-img's verdict; docs/check-differences.md has the rest. */
@RequiresTools({"qemu-img", "qemu-io"})
final class CheckParityTest {

  /** docs/check-differences.md, 1, 9 and 11. */
  private static final Set<String> DIFFERENT =
      Set.of(
          "L1 entry with COPIED alone",
          "L1 entry of a snapshot with COPIED alone",
          "snapshot L1 nowhere",
          "snapshot L1 larger than the file",
          "bitmap extra data of its own",
          "bitmap extra data of its own, compatible",
          "bitmap extra data compatible, but none",
          "header: L1 size 4194304",
          "header: L1 offset 0",
          "subclusters: data with the flag of 8-byte entries",
          "subclusters: data of a snapshot with the flag of 8-byte entries",
          "subclusters: hole with the flag of 8-byte entries");

  @TempDir Path folder;

  @Test
  void everyDamageGetsTheVerdictOfQemuImg() throws IOException {
    List<Damage> damages = new ArrayList<>(Damages.ofAFullImage());
    damages.addAll(HeaderDamages.all());
    damages.addAll(SubclusterDamages.all());
    Path path = folder.resolve("damaged.qcow2");
    Set<String> different = new TreeSet<>();
    StringBuilder report = new StringBuilder();
    for (Damage damage : damages) {
      MemoryBlockFile image =
          damage.extendedL2() ? Specimens.extended(folder) : Specimens.full(folder);
      damage.wound().inflict(new Anatomy(image));
      image.store(path);
      Verdict theirs = Verdict.theirs(path, Repair.NONE);
      Verdict ours = Verdict.ours(image, Repair.NONE);
      if (!theirs.equals(ours)) {
        different.add(damage.name());
        report.append("%n%s%n  theirs %s%n  ours   %s".formatted(damage, theirs, ours));
      }
    }
    System.out.println("check: " + damages.size() + " kinds of damage judged as by qemu-img");
    assertEquals(new TreeSet<>(DIFFERENT), different, report::toString);
  }
}
