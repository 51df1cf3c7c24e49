package dev.drover.qcow2.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every write and every sync of a repair fails once, and the power goes before each: the next
 * repair mends what is left, with the content that was there.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class RepairCutTest {

  private static final int SAMPLES = 3;

  @TempDir Path folder;

  private GuestContent healthy;

  @BeforeEach
  void readTheHealthyImage() throws IOException {
    healthy = GuestContent.of(Specimens.plain(folder)).orElseThrow();
  }

  /** Those that a repair can mend completely, one or two of each way to mend. */
  private List<MemoryBlockFile> mendable() throws IOException {
    List<String> names =
        List.of(
            "refcounts too high and too low",
            "refcount block full of zeroes",
            "refcount of an L2 table far too high",
            "refcount of a snapshot's data too low",
            "refcount table entry lost",
            "refcount table entry on another L2 table",
            "refcount table entry unused, on data",
            "header: refcount table offset 0",
            "header: refcount table clusters 0",
            "L1 entry all COPIED wrong",
            "data entry COPIED wrong",
            "preallocated zero not aligned",
            "snapshot (last) extra data short");
    List<Damage> all = new ArrayList<>(Damages.ofAPlainImage());
    all.addAll(HeaderDamages.all());
    List<MemoryBlockFile> images = new ArrayList<>();
    for (Damage damage : all) {
      if (names.contains(damage.name())) {
        MemoryBlockFile image = Specimens.plain(folder);
        damage.wound().inflict(new Anatomy(image));
        images.add(image);
      }
    }
    assertEquals(names.size(), images.size());
    return images;
  }

  private static List<Io> trace(MemoryBlockFile image) throws IOException {
    FailingBlockFile counting = new FailingBlockFile(image.copy());
    ImageCheck.check(counting, Repair.ALL);
    return counting.trace();
  }

  private void mends(MemoryBlockFile left, String when) throws IOException {
    CheckReport report = ImageCheck.check(left, Repair.ALL);
    assertTrue(report.isClean(), () -> when + ": " + report);
    GuestContent content = GuestContent.of(left).orElseThrow();
    assertEquals(Optional.empty(), healthy.firstLostIn(content), when);
  }

  @Test
  void thePowerGoesBeforeEveryWriteAndSyncOfARepair() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    long cuts = 0;
    for (MemoryBlockFile image : mendable()) {
      List<Io> trace = trace(image);
      for (int n = 0; n < trace.size(); n++) {
        if (trace.get(n).kind() == Kind.READ) {
          continue;
        }
        CrashingBlockFile disk = CrashingBlockFile.of(image);
        fails(new FailingBlockFile(disk).failFrom(n + 1, Failure.EIO));
        for (MemoryBlockFile left : disk.sampledCrashes(random, SAMPLES)) {
          mends(left, "cut before " + trace.get(n));
          cuts++;
        }
      }
    }
    System.out.println("repair: " + cuts + " power cuts mended");
  }

  @Test
  void everyWriteAndSyncOfARepairFailsOnceAndThenThePowerGoes() throws IOException {
    for (MemoryBlockFile image : mendable()) {
      List<Io> trace = trace(image);
      for (int n = 0; n < trace.size(); n++) {
        if (trace.get(n).kind() == Kind.READ) {
          continue;
        }
        CrashingBlockFile disk = CrashingBlockFile.of(image);
        fails(new FailingBlockFile(disk).failAt(n + 1, Failure.SHORT_WRITE_ENOSPC));
        ImageCheck.check(disk, Repair.ALL);
        MemoryBlockFile durable = disk.crash(CrashingBlockFile.Survival.NOTHING);
        CheckReport report = ImageCheck.check(durable, Repair.NONE);
        assertTrue(report.isClean(), "failed " + trace.get(n) + ": " + report);
        mends(durable, "failed " + trace.get(n));
      }
    }
  }

  private static void fails(FailingBlockFile file) {
    try {
      ImageCheck.check(file, Repair.ALL);
      throw new AssertionError("no failure");
    } catch (IOException e) {
      assertTrue(e.getMessage() != null);
    }
  }
}
