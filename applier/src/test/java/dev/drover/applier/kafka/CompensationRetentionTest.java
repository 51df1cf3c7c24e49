package dev.drover.applier.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.applier.Compensation;
import dev.drover.applier.Compensation.State;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CompensationRetentionTest {

  private static final UUID MINE = new UUID(1, 1);
  private static final UUID EARLIER = new UUID(1, 2);
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Instant OLD = NOW.minus(Duration.ofDays(31));
  private static final Instant RECENT = NOW.minus(Duration.ofDays(29));

  private final CompensationRetention retention = new CompensationRetention("a", MINE);

  private static Compensation of(
      String replica, UUID incarnation, long generation, State state, Instant time) {
    List<ClusterExtent> one = List.of(new ClusterExtent(new HostOffset(65536), 1));
    return new Compensation(incarnation, generation, replica, 7, 65536, one, "why", state, time);
  }

  @Test
  void whatIsDoneIsKeptForAMonthWhoeverItIsOf() {
    Compensation own = of("a", MINE, 1, State.DONE, OLD);
    Compensation other = of("b", new UUID(9, 9), 2, State.DONE, OLD);
    Compensation recent = of("a", MINE, 3, State.DONE, RECENT);
    retention.found(List.of(own, other, recent));
    assertEquals(List.of(own.id(), other.id()), retention.expired(NOW));
    retention.removed(List.of(own.id()));
    assertEquals(List.of(other.id()), retention.expired(NOW), "until it is gone");
  }

  @Test
  void whatIsOpenIsKeptWhileSomebodyCanMarkIt() {
    Compensation mine = of("a", MINE, 1, State.OPEN, OLD);
    Compensation other = of("b", new UUID(9, 9), 2, State.OPEN, OLD);
    Compensation orphan = of("a", EARLIER, 3, State.OPEN, OLD);
    Compensation young = of("a", EARLIER, 4, State.OPEN, RECENT);
    retention.found(List.of(mine, other, orphan, young));
    assertEquals(List.of(orphan.id()), retention.expired(NOW));
  }

  @Test
  void theNewestHundredOfAReplicaAreKeptAndTheOldestGoFirst() {
    List<Compensation> all = new ArrayList<>();
    for (int i = 0; i < CompensationRetention.OWN_MAX; i++) {
      all.add(of("a", MINE, i, State.DONE, RECENT.plusSeconds(i)));
      all.add(of("b", EARLIER, 1000 + i, State.DONE, RECENT.plusSeconds(i)));
    }
    retention.found(all);
    assertEquals(List.of(), retention.expired(NOW));
    retention.done(of("a", MINE, 500, State.DONE, NOW));
    assertEquals(List.of(all.getFirst().id()), retention.expired(NOW));
    retention.removed(List.of(all.getFirst().id()));
    assertEquals(List.of(), retention.expired(NOW));
  }
}
