package dev.drover.journal.kafka;

import java.util.Map;

/**
 * One topic as the brokers describe it.
 *
 * @param name its name
 * @param id Kafka's id of it
 * @param partitions how many it has
 * @param replicationFactor copies of partition 0
 * @param settings its effective settings
 */
record TopicFacts(
    String name, String id, int partitions, int replicationFactor, Map<String, String> settings) {

  String setting(String key) {
    return settings.getOrDefault(key, "");
  }

  long number(String key, long absent) {
    String value = settings.get(key);
    return value == null || value.isEmpty() ? absent : Long.parseLong(value);
  }
}
