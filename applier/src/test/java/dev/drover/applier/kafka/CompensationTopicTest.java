package dev.drover.applier.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.Compensation;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CompensationTopicTest {

  private static Compensation compensation(long generation, int extents, String cause) {
    List<ClusterExtent> clusters = new ArrayList<>();
    for (int i = 0; i < extents; i++) {
      clusters.add(new ClusterExtent(new HostOffset((2L * i + 1) << 32), 1));
    }
    return new Compensation(
        UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
        generation,
        "a",
        120,
        65536,
        clusters,
        cause,
        Compensation.State.OPEN,
        Instant.parse("2026-01-31T12:00:00Z").plusSeconds(generation));
  }

  private final CompensationTopic topic = new CompensationTopic();

  private void take(Compensation compensation) {
    for (CompensationJson.Part part : CompensationJson.split(compensation)) {
      topic.take(part.key().getBytes(UTF_8), CompensationJson.write(part));
    }
  }

  @Test
  void theJsonIsWhatPeopleRead() {
    String json =
        new String(CompensationJson.write(CompensationJson.split(shortOne()).getFirst()), UTF_8);
    assertEquals(
        "{\"id\":\"00112233-4455-6677-8899-aabbccddeeff:7\",\"replica\":\"a\","
            + "\"incarnation\":\"00112233-4455-6677-8899-aabbccddeeff\",\"generation\":7,"
            + "\"position\":120,\"clusterBytes\":65536,"
            + "\"clusters\":[{\"offset\":327680,\"clusters\":3}],\"cause\":\"disk full\","
            + "\"state\":\"OPEN\",\"time\":\"2026-01-31T12:00:00Z\",\"part\":0,\"parts\":1}",
        json);
  }

  private static Compensation shortOne() {
    return new Compensation(
        UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
        7,
        "a",
        120,
        65536,
        List.of(new ClusterExtent(new HostOffset(327680), 3)),
        "disk full",
        Compensation.State.OPEN,
        Instant.parse("2026-01-31T12:00:00Z"));
  }

  @Test
  void whatWasWrittenIsRead() {
    take(shortOne());
    assertEquals(List.of(shortOne()), topic.all());
  }

  @Test
  void aLongOneIsWrittenInPartsBelowTheLimitAndReadAsOne() {
    Compensation longOne = compensation(3, 10_000, "x".repeat(100_000));
    List<CompensationJson.Part> parts = CompensationJson.split(longOne);
    assertEquals(3, parts.size());
    for (CompensationJson.Part part : parts) {
      assertTrue(CompensationJson.write(part).length < 512 << 10);
    }
    take(longOne);
    assertEquals(3, topic.partsOf(longOne.id()));
    assertEquals(1, topic.all().size());
    assertEquals(longOne.clusters(), topic.all().getFirst().clusters());
  }

  @Test
  void oneIsOpenUntilEachPartIsDone() {
    Compensation longOne = compensation(3, 5_000, "why");
    take(longOne);
    CompensationJson.Part first = CompensationJson.split(longOne.done()).getFirst();
    topic.take(first.key().getBytes(UTF_8), CompensationJson.write(first));
    assertEquals(Compensation.State.OPEN, topic.all().getFirst().state());
    take(longOne.done());
    assertEquals(longOne.done(), topic.all().getFirst());
  }

  @Test
  void aRepetitionOverwritesAndARemovedPartIsGone() {
    Compensation before = compensation(3, 5_000, "why");
    take(before);
    take(compensation(3, 1, "why"));
    topic.take((before.id() + "#1").getBytes(UTF_8), null);
    assertEquals(1, topic.partsOf(before.id()));
    assertEquals(1, topic.all().getFirst().clusterCount());
  }

  @Test
  void whatIsNoCompensationIsCountedAndPassedOver() {
    topic.take(null, "{}".getBytes(UTF_8));
    topic.take("k".getBytes(UTF_8), "{}".getBytes(UTF_8));
    topic.take("k".getBytes(UTF_8), "not json".getBytes(UTF_8));
    topic.take("k".getBytes(UTF_8), "[1,2]".getBytes(UTF_8));
    topic.take("other-key".getBytes(UTF_8), CompensationJson.write(part(shortOne())));
    take(shortOne());
    assertEquals(5, topic.unreadable());
    assertEquals(1, topic.all().size());
  }

  private static CompensationJson.Part part(Compensation compensation) {
    return CompensationJson.split(compensation).getFirst();
  }

  @Test
  void theyAreListedOldestFirst() {
    take(compensation(5, 1, "later"));
    take(compensation(2, 1, "earlier"));
    assertEquals(
        List.of("earlier", "later"), topic.all().stream().map(Compensation::cause).toList());
  }
}
