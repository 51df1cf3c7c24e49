package dev.drover.qcow2.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code qemu-img check -r} mends, ours mends too, and then both find the same; content that
 * could be read before is the same after. docs/check-differences.md has the exceptions.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class RepairParityTest {

  /** Not given to qemu-img: it grows the file to the pointer's offset, or runs for minutes. */
  private static final Set<String> TOO_MUCH_FOR_QEMU =
      Set.of(
          "snapshot L1 larger than the file",
          "header: L1 size 4194304",
          "header: refcount table clusters 100",
          "header: refcount table clusters 2048",
          "header: refcount table offset 1099511627776",
          "header: refcount table offset 4611686018427387904");

  /** Differences, 8: qemu-img gives up a snapshot's name or extra data. */
  private static final Set<String> REFUSED =
      Set.of(
          "snapshot extra data too long",
          "snapshot extra data huge",
          "snapshot extra data negative",
          "snapshot name long",
          "snapshot id long");

  @TempDir Path folder;

  private final Set<String> different = new TreeSet<>();
  private final StringBuilder report = new StringBuilder();

  private static List<Damage> damages() {
    List<Damage> damages = new ArrayList<>(Damages.ofAPlainImage());
    damages.addAll(HeaderDamages.all());
    damages.addAll(SubclusterDamages.all());
    damages.removeIf(damage -> TOO_MUCH_FOR_QEMU.contains(damage.name()));
    damages.removeIf(damage -> damage.name().startsWith("header: autoclear")); // differences, 5
    return damages;
  }

  @Test
  void leaksAreMendedAsQemuImgMendsThem() throws IOException {
    for (Damage damage : damages()) {
      MemoryBlockFile image = damaged(damage);
      Verdict theirs = theirs(image, Repair.LEAKS);
      if (isCompleteWithRefcounts(image)) {
        compare(damage, theirs, Verdict.ours(image, Repair.LEAKS));
      } else {
        freesNothing(damage, image, Repair.LEAKS);
      }
    }
    assertEquals(Set.of(), different, report::toString);
  }

  @Test
  void allIsMendedAsQemuImgMendsIt() throws IOException {
    GuestContent healthy = GuestContent.of(Specimens.plain(folder)).orElseThrow();
    for (Damage damage : damages()) {
      MemoryBlockFile image = damaged(damage);
      Optional<GuestContent> before = GuestContent.of(image);
      Verdict theirs = theirs(image, Repair.ALL);
      if (isComplete(image)) {
        compare(damage, theirs, Verdict.ours(image, Repair.ALL));
      } else {
        freesNothing(damage, image, Repair.ALL);
      }
      Verdict left = Verdict.ours(image, Repair.NONE);
      bothAgree(damage, image, left);
      mendingAgainChangesNothing(damage, image);
      if (before.isPresent()) {
        contentIsKept(damage, before.get(), image);
      } else if (damage.name().contains("refcount table") && left.exitCode() == 0) {
        contentIsKept(damage, healthy, image);
      }
    }
    assertEquals(Set.of(), different, report::toString);
  }

  private MemoryBlockFile damaged(Damage damage) throws IOException {
    MemoryBlockFile image = Specimens.plainFor(damage, folder);
    damage.wound().inflict(new Anatomy(image));
    return image;
  }

  private static boolean isComplete(MemoryBlockFile image) throws IOException {
    try {
      return ReferenceCount.withoutRefcounts(Inspection.of(image)).isComplete();
    } catch (Qcow2Exception e) {
      return true; // nothing to repair, for both
    }
  }

  private static boolean isCompleteWithRefcounts(MemoryBlockFile image) throws IOException {
    try {
      return Inspection.of(image).counted().isComplete();
    } catch (Qcow2Exception e) {
      return true;
    }
  }

  private Verdict theirs(MemoryBlockFile image, Repair mode) throws IOException {
    Path path = folder.resolve("theirs.qcow2");
    image.store(path);
    return Verdict.theirs(path, mode);
  }

  private void compare(Damage damage, Verdict theirs, Verdict ours) {
    boolean same =
        theirs.exitCode() == ours.exitCode()
            && theirs.corruptions() == ours.corruptions()
            && theirs.leaks() == ours.leaks();
    boolean better = theirs.exitCode() != 0 && ours.exitCode() == 0;
    boolean refused = REFUSED.contains(damage.name()) && !ours.told();
    if (!same && !better && !refused && !isIgnoredByQemu(damage)) {
      differ(damage, "theirs " + theirs + ", ours " + ours);
    }
  }

  /** Differences, 9. */
  private static boolean isIgnoredByQemu(Damage damage) {
    return damage.name().endsWith("flag of 8-byte entries");
  }

  private void differ(Damage damage, String what) {
    different.add(damage.name());
    report.append("%n%s: %s".formatted(damage, what));
  }

  /** A reference leads nowhere: what it once led to must stay in use. */
  private void freesNothing(Damage damage, MemoryBlockFile image, Repair mode) throws IOException {
    Inspection before = Inspection.of(image);
    Verdict ours = Verdict.ours(image, mode);
    Inspection after = Inspection.of(image);
    for (long cluster = 0; cluster < before.counted().checkedClusters(); cluster++) {
      boolean ofRefcounts =
          before.counted().isOnly(Role.REFCOUNT_BLOCK, cluster)
              || before.counted().isOnly(Role.REFCOUNT_TABLE, cluster);
      if (before.stored().get(cluster) > 0 && after.stored().get(cluster) == 0 && !ofRefcounts) {
        differ(damage, "cluster " + cluster + " freed: " + ours);
        return;
      }
    }
  }

  private void bothAgree(Damage damage, MemoryBlockFile image, Verdict left) throws IOException {
    Verdict theirs = theirs(image, Repair.NONE);
    boolean known =
        damage.name().matches(".*(COPIED alone|offset 0|nowhere)") || isIgnoredByQemu(damage);
    if (!theirs.equals(left) && !known) {
      differ(damage, "after ours, theirs " + theirs + ", ours " + left);
    }
  }

  private void mendingAgainChangesNothing(Damage damage, MemoryBlockFile image) throws IOException {
    MemoryBlockFile once = image.copy();
    Verdict.ours(image, Repair.ALL);
    boolean other =
        damage.name().startsWith("file cut") // the first one makes it long enough
            || damage.name().equals("header: snapshot table offset 0"); // the header is the table
    if (!once.sameContent(image) && !other) {
      differ(damage, "mended again, it changed");
    }
  }

  private void contentIsKept(Damage damage, GuestContent before, MemoryBlockFile image)
      throws IOException {
    Optional<String> lost = before.firstLostIn(GuestContent.of(image).orElseThrow());
    lost.ifPresent(piece -> differ(damage, "lost: " + piece));
  }

  /** docs/check-differences.md, 5. */
  @Test
  void aRepairKeepsTheSnapshotsOfAnImageWithAnUnknownAutoclearBit() throws IOException {
    MemoryBlockFile image = Specimens.plain(folder);
    Anatomy anatomy = new Anatomy(image);
    anatomy.put(88, 1L << 60);
    anatomy.setRefcount(anatomy.freeCluster(), 1);
    Path path = folder.resolve("theirs.qcow2");
    image.store(path);
    Verdict.theirs(path, Repair.LEAKS);
    assertTrue(
        Qemu.img("snapshot", "-l", path).orFail().output().isBlank(),
        "qemu-img keeps them now: say so in docs/check-differences.md and docs/operating.md");
    Verdict.ours(image, Repair.LEAKS);
    image.store(path);
    assertTrue(Qemu.img("snapshot", "-l", path).orFail().output().contains("two"));
  }
}
