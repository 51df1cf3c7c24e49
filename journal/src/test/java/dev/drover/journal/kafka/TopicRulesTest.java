package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Durability;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicRulesTest {
  private static final int CHUNK = 512 << 10;

  private static TopicFacts intents(int partitions, int copies, String... overrides) {
    Map<String, String> settings =
        new HashMap<>(TopicRules.intents(TopicRules.minInsync(copies), CHUNK));
    for (String override : overrides) {
      String[] pair = override.split("=");
      settings.put(pair[0], pair[1]);
    }
    return new TopicFacts("t", "id", partitions, copies, settings);
  }

  private static List<String> weaker(TopicFacts topic, int brokers) {
    return weaker(topic, brokers, Durability.AS_CONFIGURED);
  }

  private static List<String> weaker(TopicFacts topic, int brokers, Durability asked) {
    return TopicRules.weaker(topic, brokers, asked).stream().map(TopicWarning::setting).toList();
  }

  @Test
  void aTopicIsMeasuredByWhatItsVolumeAsksForWhereThatIsSaid() {
    Durability less = new Durability(null, 1, 1);
    assertEquals(List.of("replication factor"), weaker(intents(1, 1), 3));
    assertEquals(List.of(), weaker(intents(1, 1), 3, less));
    Durability more = new Durability(null, 3, 3);
    TopicFacts usual = intents(1, 3);
    assertEquals(List.of(), weaker(usual, 3));
    assertEquals(List.of("min.insync.replicas"), weaker(usual, 3, more));
    assertEquals(
        List.of("replication factor", "min.insync.replicas"), weaker(intents(1, 2), 3, more));
  }

  @Test
  void aTopicAsDroverCreatesItIsRightAndNotWeak() {
    for (int brokers = 1; brokers <= 5; brokers++) {
      TopicFacts topic = intents(1, TopicRules.replication(brokers));
      assertTrue(TopicRules.wrongIntents(topic, CHUNK).isEmpty());
      assertEquals(List.of(), weaker(topic, brokers));
    }
  }

  @Test
  void replicationIsThreeWhereThereAreThreeAndOneLessMustAcknowledge() {
    assertEquals(1, TopicRules.replication(1));
    assertEquals(3, TopicRules.replication(7));
    assertEquals(1, TopicRules.minInsync(1));
    assertEquals(1, TopicRules.minInsync(2));
    assertEquals(2, TopicRules.minInsync(3));
  }

  @Test
  void whatCouldMakeAJournalWrongIsRefused() {
    assertTrue(
        TopicRules.wrongIntents(intents(2, 1), CHUNK).orElseThrow().contains("2 partitions"));
    var compacted = intents(1, 1, "cleanup.policy=compact,delete");
    assertTrue(TopicRules.wrongIntents(compacted, CHUNK).orElseThrow().contains("compacted"));
    var small = intents(1, 1, "max.message.bytes=1000");
    assertTrue(TopicRules.wrongIntents(small, CHUNK).orElseThrow().contains("max.message.bytes"));
  }

  @Test
  void whatPromisesLessIsAWarningThatSaysSo() {
    assertEquals(List.of("retention.ms"), weaker(intents(1, 1, "retention.ms=1000"), 1));
    assertEquals(List.of("retention.bytes"), weaker(intents(1, 1, "retention.bytes=1000"), 1));
    assertEquals(
        List.of("unclean.leader.election.enable"),
        weaker(intents(1, 1, "unclean.leader.election.enable=true"), 1));
    assertEquals(
        List.of("message.timestamp.type"),
        weaker(intents(1, 1, "message.timestamp.type=LogAppendTime"), 1));
    assertEquals(List.of("replication factor"), weaker(intents(1, 1), 3));
    assertEquals(List.of("min.insync.replicas"), weaker(intents(1, 3, "min.insync.replicas=1"), 3));
  }

  @Test
  void aRegistryThatForgetsIsRefused() {
    TopicFacts deleting = new TopicFacts("r", "id", 1, 1, Map.of("cleanup.policy", "delete"));
    assertTrue(TopicRules.wrongCompacted(deleting).isPresent());
    TopicFacts made = new TopicFacts("r", "id", 1, 1, TopicRules.compacted(1));
    assertTrue(TopicRules.wrongCompacted(made).isEmpty());
  }
}
