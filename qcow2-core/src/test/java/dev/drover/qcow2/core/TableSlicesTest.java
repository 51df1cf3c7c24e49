package dev.drover.qcow2.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.PassDiscard;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SmallImages;
import dev.drover.qcow2.format.Geometry;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.L2Entry;
import dev.drover.qcow2.format.L2Table;
import dev.drover.qcow2.sim.FailingBlockFile;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.FailingBlockFile.Io;
import dev.drover.qcow2.sim.FailingBlockFile.Kind;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** L2 tables of 64 KiB, of which the cache takes slices of 4 KiB. */
final class TableSlicesTest {

  private static final int CLUSTER = 64 << 10;
  private static final int SLICE = TableSlices.SLICE_BYTES;
  private static final int ENTRIES = CLUSTER / Long.BYTES;
  private static final int PER_SLICE = SLICE / Long.BYTES;
  private static final int TABLES = 8;

  private final MemoryBlockFile disk = new MemoryBlockFile("slices.qcow2");
  private final FailingBlockFile file = new FailingBlockFile(disk);

  /** Every table maps one cluster in each slice, the first of it. */
  @BeforeEach
  void makeImage() throws IOException {
    CreateOptions options = CreateOptions.ofSize((long) TABLES * ENTRIES * CLUSTER);
    Qcow2Image.create(disk, options.withClusterSize(CLUSTER)).close();
    try (Qcow2Image image =
        SmallImages.open(disk, BackingOpener.REFUSE, SmallImages.bounds(CLUSTER, 64, 16))) {
      for (long cluster = 0; cluster < TABLES * ENTRIES; cluster += PER_SLICE) {
        image.write(new GuestOffset(cluster * CLUSTER), ByteBuffer.allocate(CLUSTER));
      }
    }
  }

  private ImageCore open(int slices) throws IOException {
    CoreOptions bounds =
        new CoreOptions(CLUSTER, (long) slices * SLICE, CLUSTER, PassDiscard.ALL, false);
    return ImageCore.open(file, Header.read(file), Optional.empty(), Optional.empty(), bounds);
  }

  private TableSlices slices(int count) throws IOException {
    return new TableSlices(
        new Disk(file, Optional.empty()), Header.read(file).geometry(), (long) count * SLICE);
  }

  private List<Io> since(long first) {
    return file.trace().stream().skip(first).toList();
  }

  private void lookAtRandom(ImageCore core, int bound) throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    for (int n = 0; n < 2_000; n++) {
      long cluster = random.nextLong(TABLES * ENTRIES);
      if (random.nextBoolean()) {
        cluster -= cluster % PER_SLICE;
      }
      L2Entry entry = core.mapping().entry(core.mapping().l1(), cluster);
      assertEquals(cluster % PER_SLICE == 0, entry.hasCluster(), "guest cluster " + cluster);
      assertTrue(core.mapping().cachedSlices() <= bound);
    }
  }

  @Test
  void aTinyCacheHoldsTwoSlicesAndReadsSlicesAndNoTables() throws IOException {
    ImageCore core = open(2);
    long before = file.ios();
    lookAtRandom(core, 2);
    List<Io> ios = since(before);
    assertTrue(ios.size() > 1_000, ios.size() + " reads");
    assertTrue(ios.stream().allMatch(io -> io.kind() == Kind.READ && io.length() == SLICE));
  }

  @Test
  void aCacheInWhichAllTablesFitReadsEachSliceOnce() throws IOException {
    int all = TABLES * CLUSTER / SLICE;
    ImageCore core = open(all);
    long before = file.ios();
    lookAtRandom(core, all);
    assertEquals(since(before).size(), core.mapping().cachedSlices());
    long warm = file.ios();
    lookAtRandom(core, all);
    assertEquals(warm, file.ios());
  }

  @Test
  void aWalkOverAWholeTableIsOneReadAndEvictsNothing() throws IOException {
    ImageCore core = open(2);
    long hot = TABLES * ENTRIES - 1;
    core.mapping().entry(core.mapping().l1(), hot);
    long before = file.ios();
    core.tree().visitTable(core.mapping().l1()[0], _ -> {});
    assertEquals(List.of((long) CLUSTER), since(before).stream().map(Io::length).toList());
    core.mapping().entry(core.mapping().l1(), hot);
    assertEquals(before + 1, file.ios());
  }

  @Test
  void aFreedTableIsForgottenSliceBySliceAndItsNeighbourKept() throws IOException {
    TableSlices slices = slices(64);
    long table = 20L * CLUSTER;
    for (int i = 0; i < ENTRIES; i += PER_SLICE) {
      slices.get(table, i);
    }
    slices.get(table - CLUSTER, ENTRIES - 1);
    slices.get(table + CLUSTER, 0);
    assertEquals(ENTRIES / PER_SLICE + 2, slices.count());
    slices.forget(table);
    assertEquals(2, slices.count());
    long before = file.ios();
    slices.get(table - CLUSTER, ENTRIES - 1);
    slices.get(table + CLUSTER, 0);
    assertEquals(before, file.ios());
  }

  @Test
  void aCorrectionReachesTheSliceThatMemoryHasOfAnEntry() throws IOException {
    TableSlices slices = slices(2);
    long table = 20L * CLUSTER;
    int index = 3 * PER_SLICE + 5;
    slices.get(table, index);
    slices.correct(table + (long) index * Long.BYTES, new long[] {place(7).descriptor()});
    assertEquals(place(7), slices.get(table, index));
  }

  private static L2Entry place(int cluster) {
    return L2Entry.standard(L2Entry.COPIED_FLAG | (long) cluster * CLUSTER, L2Entry.ALL, 0);
  }

  /** A whole table changes while two of its slices are in memory, one of them in the middle. */
  private void changeAll(TableSlices slices, long table) throws IOException {
    slices.get(table, 0);
    slices.get(table, 5 * PER_SLICE);
    TablePart part = slices.part(table, 1, ENTRIES - 1);
    for (int i = part.from(); i < part.to(); i++) {
      slices.get(table, (i * 7) % ENTRIES); // a reader, so to speak, who evicts everything
      part.set(i, place(i));
    }
    slices.get(table, 5 * PER_SLICE);
    slices.write(part);
  }

  private void assertChanged(TableSlices slices, long table) throws IOException {
    for (int i = 5 * PER_SLICE; i < ENTRIES - 1; i++) {
      assertEquals(place(i), slices.get(table, i));
    }
    for (int i = 1; i < ENTRIES - 1; i++) {
      assertEquals(place(i), slices.get(table, i));
    }
  }

  @Test
  void aChangeOverManySlicesIsThereWholeWhateverWasEvicted() throws IOException {
    TableSlices slices = slices(2);
    long table = 30L * CLUSTER;
    long before = file.ios();
    changeAll(slices, table);
    List<Io> writes = since(before).stream().filter(io -> io.kind() == Kind.WRITE).toList();
    assertEquals(
        List.of(new Io(Kind.WRITE, table + Long.BYTES, CLUSTER - 2L * Long.BYTES)), writes);
    assertChanged(slices, table);
    assertChanged(slices(2), table);
  }

  @Test
  void memoryHasAChangeOfManySlicesAlsoWhenItsWriteFails() throws IOException {
    TableSlices slices = slices(2);
    long table = 30L * CLUSTER;
    file.failEvery(io -> io.kind() == Kind.WRITE, Failure.SHORT_WRITE);
    assertThrows(IOException.class, () -> changeAll(slices, table));
    assertChanged(slices, table);
  }

  @Test
  void aPartBesideTheCacheShowsWhatMemoryHas() throws IOException {
    Geometry geometry = Header.read(file).geometry();
    TableSlices slices = slices(64);
    long table = 30L * CLUSTER;
    L2Table content = L2Table.empty(geometry);
    for (int i = 0; i < ENTRIES; i++) {
      content.set(i, place(i + 1));
    }
    slices.put(table, content); // and never written
    TablePart part = slices.copy(table, 3, 3 * PER_SLICE - 7);
    for (int i = part.from(); i < part.to(); i++) {
      assertEquals(place(i + 1), part.get(i));
    }
  }
}
