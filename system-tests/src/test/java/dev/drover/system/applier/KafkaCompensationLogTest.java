package dev.drover.system.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplierException.Code;
import dev.drover.applier.Compensation;
import dev.drover.applier.Compensation.State;
import dev.drover.applier.CompensationLog;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import dev.drover.system.kafka.EmbeddedKafka;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class KafkaCompensationLogTest {

  private static final UUID INCARNATION = new UUID(1, 2);
  private static final Instant TIME = Instant.now().truncatedTo(ChronoUnit.MILLIS);

  private static Compensation compensation(long generation, long... clusters) {
    return compensation(TIME, generation, clusters);
  }

  private static Compensation compensation(Instant time, long generation, long... clusters) {
    List<ClusterExtent> extents = new ArrayList<>();
    for (long cluster : clusters) {
      extents.add(new ClusterExtent(new HostOffset(cluster << 16), 1));
    }
    return new Compensation(
        INCARNATION, generation, "a", 7, 1 << 16, extents, "why", State.OPEN, time);
  }

  private static List<Compensation> all(TestVolume volume) throws Exception {
    return KafkaCompensationLog.readAll(volume.settings(), TestVolume.NAME);
  }

  @Test
  @Timeout(120)
  void whatIsPublishedIsSeenAtOnceAndDoneTogetherWithTheOffset() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20);
        CompensationLog log = volume.logs().open("a", INCARNATION)) {
      assertEquals(List.of(), log.open());
      assertEquals(OptionalLong.empty(), volume.groupOffset("a"));
      Compensation one = compensation(3, 5, 9);
      log.publish(one);
      assertEquals(List.of(one), all(volume));
      assertEquals(List.of(one), log.open());
      assertEquals(OptionalLong.empty(), volume.groupOffset("a"));
      log.doneAndCommit(List.of(one.done()), 42);
      assertEquals(List.of(one.done()), all(volume));
      assertEquals(List.of(), log.open());
      assertEquals(42, volume.groupOffset("a").orElseThrow());
      log.commit(43);
      assertEquals(43, volume.groupOffset("a").orElseThrow());
    }
  }

  @Test
  @Timeout(120)
  void aShorterRepetitionLeavesNoPartOfTheLongerOne() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20);
        CompensationLog log = volume.logs().open("a", INCARNATION)) {
      long[] many = new long[10_000];
      for (int i = 0; i < many.length; i++) {
        many[i] = 2L * i + 1;
      }
      Compensation longOne = compensation(3, many);
      log.publish(longOne);
      assertEquals(List.of(longOne), all(volume));
      Compensation shortOne = compensation(3, 1);
      log.publish(shortOne);
      assertEquals(List.of(shortOne), all(volume));
    }
  }

  @Test
  @Timeout(120)
  void whatWasDoneLongAgoIsRemovedWithTheNextTransactionAllItsPartsIncluded() throws Exception {
    long[] many = new long[10_000];
    Arrays.setAll(many, i -> 2L * i + 1);
    Compensation old = compensation(Instant.EPOCH, 3, many);
    Compensation recent = compensation(4, 5);
    Compensation pending = compensation(Instant.EPOCH, 5, 7);
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20)) {
      try (CompensationLog log = volume.logs().open("a", INCARNATION)) {
        log.publish(old);
        log.doneAndCommit(List.of(old.done()), 1);
      }
      try (CompensationLog log = volume.logs().open("a", INCARNATION)) {
        assertEquals(List.of(), log.open());
        log.publish(recent);
        log.doneAndCommit(List.of(recent.done()), 2);
        assertEquals(List.of(recent.done()), all(volume));
        log.publish(pending);
        log.commit(3);
        log.commit(4);
        assertEquals(List.of(pending, recent.done()), all(volume));
      }
      assertEquals(4, volume.groupOffset("a").orElseThrow());
    }
  }

  @Test
  @Timeout(120)
  void whatAForgottenReplicaLeftIsRemovedAndNothingElse() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20);
        CompensationLog log = volume.logs().open("a", INCARNATION)) {
      Compensation one = compensation(3, 5);
      log.publish(one);
      KafkaCompensationLog.forget(volume.settings(), TestVolume.NAME, "b");
      assertEquals(List.of(one), all(volume));
      KafkaCompensationLog.forget(volume.settings(), TestVolume.NAME, "a");
      assertEquals(List.of(), all(volume));
    }
  }

  @Test
  @Timeout(120)
  void aSecondProcessOfOneReplicaFencesTheFirst() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20);
        CompensationLog first = volume.logs().open("a", INCARNATION)) {
      first.commit(5);
      try (CompensationLog second = volume.logs().open("a", INCARNATION);
          CompensationLog other = volume.logs().open("b", INCARNATION)) {
        for (int i = 0; i < 2; i++) {
          ApplierException e =
              assertThrows(ApplierException.class, () -> first.publish(compensation(3, 5)));
          assertEquals(Code.FENCED, e.code(), () -> e + " " + e.getCause());
        }
        assertEquals(List.of(), all(volume));
        second.commit(6);
        other.commit(2);
        assertEquals(6, volume.groupOffset("a").orElseThrow());
        assertEquals(2, volume.groupOffset("b").orElseThrow());
      }
    }
  }

  @Test
  @Timeout(120)
  void aReplayFencesNobodyAndSetsNoOffset() throws Exception {
    try (TestVolume volume = new TestVolume(EmbeddedKafka.shared(), 1 << 20);
        CompensationLog replica = volume.logs().open("a", INCARNATION);
        CompensationLog replay =
            KafkaCompensationLog.replaying(volume.settings(), TestVolume.NAME)
                .open("a", new UUID(3, 4))) {
      replay.publish(compensation(3, 5));
      replay.doneAndCommit(List.of(compensation(3, 5).done()), 9);
      replay.commit(9);
      assertEquals(OptionalLong.empty(), volume.groupOffset("a"));
      replica.commit(4);
      assertEquals(4, volume.groupOffset("a").orElseThrow());
    }
  }

  @Test
  @Timeout(180)
  void aBrokerThatIsAwayIsSaidSoAndTheSameCallSucceedsWhenItIsBack() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(1);
        TestVolume volume = new TestVolume(kafka, 1 << 20);
        CompensationLog log = volume.logs().open("a", INCARNATION)) {
      log.commit(1);
      kafka.stopBroker(0);
      long before = System.nanoTime();
      Compensation one = compensation(3, 5);
      ApplierException e = assertThrows(ApplierException.class, () -> log.publish(one));
      assertEquals(Code.LOG_UNAVAILABLE, e.code());
      String said =
          "no broker at %s answered within 8 s (publish a compensation to topic %s"
              .formatted(
                  kafka.bootstrapServers(),
                  volume.settings().topics().compensations(TestVolume.NAME));
      // A client that has begun anew, finding nobody, no longer knows that there is such a topic.
      assertTrue(
          Set.of(said + ")", said + ", or there is no such topic)").contains(e.getMessage()),
          e.getMessage());
      assertTrue(System.nanoTime() - before < 20_000_000_000L, "waited too long");
      kafka.startBroker(0);
      for (boolean published = false; !published; ) {
        try {
          log.publish(one);
          published = true;
        } catch (ApplierException stillAway) {
          assertEquals(Code.LOG_UNAVAILABLE, stillAway.code());
        }
      }
      log.doneAndCommit(List.of(one.done()), 2);
      // A broker that has just started writes the markers of a commit a moment after its answer.
      while (all(volume).equals(List.of(one)) || volume.groupOffset("a").orElse(2) != 2) {
        Thread.onSpinWait();
      }
      assertEquals(List.of(one.done()), all(volume));
      assertEquals(2, volume.groupOffset("a").orElseThrow());
    }
  }
}
