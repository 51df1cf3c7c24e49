package dev.drover.journal;

/**
 * Which journal this is, whatever its name: a deleted and recreated topic, or one of the same name
 * on another cluster, has another identity.
 *
 * @param clusterId Kafka's cluster id
 * @param topicId Kafka's topic id, as Kafka prints it
 */
public record JournalIdentity(String clusterId, String topicId) {}
