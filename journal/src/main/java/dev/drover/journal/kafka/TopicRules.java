package dev.drover.journal.kafka;

import static org.apache.kafka.common.config.TopicConfig.CLEANUP_POLICY_COMPACT;
import static org.apache.kafka.common.config.TopicConfig.CLEANUP_POLICY_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.CLEANUP_POLICY_DELETE;
import static org.apache.kafka.common.config.TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.MAX_MESSAGE_BYTES_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.RETENTION_BYTES_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.RETENTION_MS_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.SEGMENT_BYTES_CONFIG;
import static org.apache.kafka.common.config.TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG;

import dev.drover.journal.Durability;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The settings that topics are created with, and what is said about a topic that has others. Pure:
 * what the brokers answered goes in as {@link TopicFacts}.
 *
 * <p>A setting that can make the journal <em>wrong</em> (several partitions, compaction, a limit
 * that a record does not fit under) is refused; one that makes it promise <em>less</em> is a
 * warning that says what is lost.
 */
final class TopicRules {
  private static final String NEVER = "-1";

  private TopicRules() {}

  /** How many copies a cluster of that many brokers should hold. */
  static int replication(int brokers) {
    return Math.max(1, Math.min(3, brokers));
  }

  /** How many copies an acknowledgement should need. */
  static int minInsync(int replication) {
    return Math.max(1, replication - 1);
  }

  /** How many copies a volume asks for in a cluster of that many brokers. */
  static int replication(Durability asked, int brokers) {
    return asked.replicationFactor() > 0 ? asked.replicationFactor() : replication(brokers);
  }

  /** How many copies an acknowledgement needs, as a volume asks whose topic has that many. */
  static int minInsync(Durability asked, int replication) {
    return asked.minInsyncReplicas() > 0 ? asked.minInsyncReplicas() : minInsync(replication);
  }

  static Map<String, String> intents(int minInsync, int chunkBytes) {
    return Map.of(
        CLEANUP_POLICY_CONFIG,
        CLEANUP_POLICY_DELETE,
        RETENTION_MS_CONFIG,
        NEVER,
        RETENTION_BYTES_CONFIG,
        NEVER,
        MAX_MESSAGE_BYTES_CONFIG,
        Long.toString(2L * chunkBytes),
        MESSAGE_TIMESTAMP_TYPE_CONFIG,
        "CreateTime",
        // Journal time never runs backwards: after a clock that was ahead has been put right,
        // records go on being stamped in what is now the future, and must not be rejected.
        MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
        Long.toString(Long.MAX_VALUE),
        UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG,
        "false",
        MIN_IN_SYNC_REPLICAS_CONFIG,
        Integer.toString(minInsync));
  }

  static Map<String, String> control(int minInsync) {
    return Map.of(
        CLEANUP_POLICY_CONFIG, CLEANUP_POLICY_DELETE,
        // A request is worth nothing once its verb has given up; a day is for people who look.
        RETENTION_MS_CONFIG, Long.toString(Duration.ofDays(1).toMillis()),
        MIN_IN_SYNC_REPLICAS_CONFIG, Integer.toString(minInsync));
  }

  static Map<String, String> compacted(int minInsync) {
    return Map.of(
        CLEANUP_POLICY_CONFIG, CLEANUP_POLICY_COMPACT,
        // Heartbeats overwrite the same keys all day: without these two the first reader of the
        // day would have a gigabyte to read before it can answer.
        SEGMENT_BYTES_CONFIG, Integer.toString(16 << 20),
        MAX_COMPACTION_LAG_MS_CONFIG, Long.toString(Duration.ofHours(1).toMillis()),
        UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false",
        MIN_IN_SYNC_REPLICAS_CONFIG, Integer.toString(minInsync));
  }

  /** As {@link #compacted}, and dated by the brokers: silence is judged by one clock. */
  static Map<String, String> registry(int minInsync) {
    Map<String, String> settings = new HashMap<>(compacted(minInsync));
    settings.put(MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
    return Map.copyOf(settings);
  }

  /** Why the journal on this topic could be wrong, as the end of "topic NAME …". */
  static Optional<String> wrongIntents(TopicFacts topic, int chunkBytes) {
    if (topic.partitions() != 1) {
      return Optional.of(
          "has %d partitions: a journal has exactly one, its order would be lost"
              .formatted(topic.partitions()));
    }
    if (topic.setting(CLEANUP_POLICY_CONFIG).contains(CLEANUP_POLICY_COMPACT)) {
      return Optional.of("is compacted (cleanup.policy): intents without a key would be dropped");
    }
    long limit = topic.number(MAX_MESSAGE_BYTES_CONFIG, Long.MAX_VALUE);
    if (limit < 2L * chunkBytes) {
      return Optional.of(
          "takes records up to %d bytes (max.message.bytes), a chunk needs %d"
              .formatted(limit, 2L * chunkBytes));
    }
    return Optional.empty();
  }

  /** Why the topic can't hold keyed state, as the end of "topic NAME …". */
  static Optional<String> wrongCompacted(TopicFacts topic) {
    if (topic.partitions() != 1) {
      return Optional.of("has %d partitions, not one".formatted(topic.partitions()));
    }
    if (topic.setting(CLEANUP_POLICY_CONFIG).contains(CLEANUP_POLICY_DELETE)) {
      return Optional.of("deletes old records (cleanup.policy): what it remembers would vanish");
    }
    return Optional.empty();
  }

  /** Why the topic can't carry requests, as the end of "topic NAME …". */
  static Optional<String> wrongControl(TopicFacts topic) {
    return topic.partitions() == 1
        ? Optional.empty()
        : Optional.of("has %d partitions, not one".formatted(topic.partitions()));
  }

  /** What the journal's topic promises less than its volume asks for. */
  static List<TopicWarning> weaker(TopicFacts topic, int brokers, Durability asked) {
    List<TopicWarning> found = new ArrayList<>();
    expect(found, topic, RETENTION_MS_CONFIG, NEVER, "old intents vanish: no replay from them");
    expect(found, topic, RETENTION_BYTES_CONFIG, NEVER, "old intents vanish: no replay from them");
    expect(
        found,
        topic,
        MESSAGE_TIMESTAMP_TYPE_CONFIG,
        "CreateTime",
        "time:POINT reads the brokers' clock");
    expect(
        found,
        topic,
        UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG,
        "false",
        "a broker that lags can become leader and lose acknowledged writes");
    int wanted = replication(asked, brokers);
    if (topic.replicationFactor() < wanted) {
      found.add(
          new TopicWarning(
              topic.name(),
              TopicWarning.REPLICATION,
              Integer.toString(topic.replicationFactor()),
              Integer.toString(wanted),
              "acknowledged writes are lost with " + topic.replicationFactor() + " broker(s)"));
    }
    int minWanted = minInsync(asked, topic.replicationFactor());
    long min = topic.number(MIN_IN_SYNC_REPLICAS_CONFIG, 1);
    if (min < minWanted) {
      found.add(
          new TopicWarning(
              topic.name(),
              MIN_IN_SYNC_REPLICAS_CONFIG,
              Long.toString(min),
              Integer.toString(minWanted),
              "a write can be acknowledged while only " + min + " broker(s) hold it"));
    }
    return found;
  }

  private static void expect(
      List<TopicWarning> found, TopicFacts topic, String key, String wanted, String meaning) {
    String actual = topic.setting(key);
    if (!actual.isEmpty() && !actual.equals(wanted)) {
      found.add(new TopicWarning(topic.name(), key, actual, wanted, meaning));
    }
  }
}
