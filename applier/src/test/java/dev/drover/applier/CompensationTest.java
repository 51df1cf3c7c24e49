package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CompensationTest {

  static Compensation of(long generation, ClusterExtent... clusters) {
    return new Compensation(
        new UUID(1, 2),
        generation,
        "r",
        42,
        4096,
        List.of(clusters),
        "why",
        Compensation.State.OPEN,
        Instant.EPOCH);
  }

  static ClusterExtent extent(long cluster, long count) {
    return new ClusterExtent(new HostOffset(cluster * 4096), count);
  }

  @Test
  void clustersAreSortedAndMerged() {
    Compensation compensation = of(1, extent(10, 2), extent(3, 1), extent(12, 1), extent(11, 1));
    assertEquals(List.of(extent(3, 1), extent(10, 3)), compensation.clusters());
    assertEquals(4, compensation.clusterCount());
  }

  @Test
  void aRepetitionKeepsTheUnion() {
    Compensation first = of(1, extent(3, 2));
    Compensation second = of(1, extent(4, 2), extent(9, 1));
    assertEquals(List.of(extent(3, 3), extent(9, 1)), second.union(first).clusters());
    assertEquals(second.union(first), first.union(second));
  }

  @Test
  void anotherGenerationIsAnotherCompensation() {
    assertThrows(IllegalArgumentException.class, () -> of(1).union(of(2)));
  }
}
