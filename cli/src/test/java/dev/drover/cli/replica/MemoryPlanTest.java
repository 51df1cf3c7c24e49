package dev.drover.cli.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class MemoryPlanTest {
  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;

  @Test
  void oneVolumeOnALargeHeapTakesWhatItAlwaysTook() {
    MemoryPlan plan = MemoryPlan.of(8 * GIB, 1);
    assertEquals(72 * MIB, plan.replica().bytes());
    assertEquals(8 * MIB, plan.replica().fetchBytes());
    assertEquals(256 * MIB, plan.overlayBytes());
  }

  @Test
  void anOverlayLeavesMostOfASmallHeap() {
    assertEquals(96 * MIB, MemoryPlan.of(384 * MIB, 1).overlayBytes());
  }

  @Test
  void manyVolumesDivideHalfOfTheHeapAndNoneGetsTooLittle() {
    for (int volumes : new int[] {2, 20, 64}) {
      MemoryPlan plan = MemoryPlan.of(2 * GIB, volumes);
      assertTrue(plan.replica().bytes() * volumes <= GIB, volumes + " volumes");
      assertTrue(plan.overlayBytes() * volumes <= GIB / 2, volumes + " volumes");
    }
    assertEquals(9 * MIB, MemoryPlan.of(64 * MIB, 1000).replica().bytes());
    assertEquals(8 * MIB, MemoryPlan.of(64 * MIB, 1000).overlayBytes());
  }
}
