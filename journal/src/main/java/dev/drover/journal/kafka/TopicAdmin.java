package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What {@link KafkaVolumes} asks of the brokers, with Kafka's exceptions translated. */
final class TopicAdmin implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final Duration HEARSAY = Duration.ofSeconds(3);

  private final KafkaSettings settings;
  private final Admin admin;

  /** The cluster's id and how many brokers it has at the moment. */
  record Cluster(String id, int brokers) {}

  TopicAdmin(KafkaSettings settings) throws JournalException {
    this.settings = settings;
    try {
      this.admin = Admin.create(settings.admin());
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "connect", e);
    }
  }

  Cluster cluster() throws JournalException {
    DescribeClusterResult result = admin.describeCluster();
    return new Cluster(
        get("describe the cluster", result.clusterId()),
        get("describe the cluster", result.nodes()).size());
  }

  /** The topic and its settings; empty when there is none. */
  Optional<TopicFacts> describe(String topic) throws JournalException {
    TopicDescription description;
    Config config;
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      description = await(admin.describeTopics(List.of(topic)).topicNameValues().get(topic));
      config = await(admin.describeConfigs(List.of(resource)).values().get(resource));
    } catch (UnknownTopicOrPartitionException e) {
      return Optional.empty();
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "describe topic " + topic, e);
    }
    Map<String, String> values = new HashMap<>();
    config.entries().forEach(entry -> values.put(entry.name(), entry.value()));
    return Optional.of(
        new TopicFacts(
            topic,
            description.topicId().toString(),
            description.partitions().size(),
            description.partitions().getFirst().replicas().size(),
            values));
  }

  /**
   * The same for a topic that ought to be there: that there is none is believed only when it is
   * said for {@link #HEARSAY}. A broker that has just started, or is asked right after another one
   * has answered a creation, can be behind the controller.
   */
  Optional<TopicFacts> describeExpected(String topic) throws JournalException {
    long deadline = System.nanoTime() + HEARSAY.toNanos();
    Optional<TopicFacts> facts = describe(topic);
    while (facts.isEmpty() && System.nanoTime() < deadline) {
      pause(topic);
      facts = describe(topic);
    }
    return facts;
  }

  /** Creates a topic of one partition; false when it was there. Returns when it has a leader. */
  boolean create(String topic, int replication, Map<String, String> config)
      throws JournalException {
    NewTopic wanted = new NewTopic(topic, 1, (short) replication).configs(config);
    boolean created;
    try {
      await(admin.createTopics(List.of(wanted)).all());
      created = true;
    } catch (TopicExistsException e) {
      created = false;
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, "create topic " + topic, e);
    }
    awaitLeader(topic);
    return created;
  }

  // The controller answers before every broker has heard of the topic.
  private void awaitLeader(String topic) throws JournalException {
    long deadline = System.nanoTime() + KafkaSettings.REACHABLE.toNanos();
    while (System.nanoTime() < deadline) {
      try {
        var found = await(admin.describeTopics(List.of(topic)).topicNameValues().get(topic));
        if (found.partitions().stream().allMatch(p -> p.leader() != null)) {
          return;
        }
      } catch (UnknownTopicOrPartitionException e) {
        // not yet
      } catch (KafkaException e) {
        throw KafkaFaults.translate(settings, "describe topic " + topic, e);
      }
      pause(topic);
    }
    throw KafkaFaults.noLeader(settings, topic);
  }

  /** Deletes topics and waits until they are gone; missing ones are no error. */
  void delete(Collection<String> topics) throws JournalException {
    for (String topic : topics) {
      try {
        await(admin.deleteTopics(List.of(topic)).all());
      } catch (UnknownTopicOrPartitionException e) {
        continue;
      } catch (KafkaException e) {
        throw KafkaFaults.translate(settings, "delete topic " + topic, e);
      }
      long deadline = System.nanoTime() + KafkaSettings.REACHABLE.toNanos();
      while (describe(topic).isPresent() && System.nanoTime() < deadline) {
        pause(topic);
      }
    }
  }

  /** Deletes consumer groups; missing ones are no error. */
  void deleteGroups(Collection<String> groups) throws JournalException {
    for (String group : groups) {
      try {
        await(admin.deleteConsumerGroups(List.of(group)).all());
      } catch (GroupIdNotFoundException e) {
        // It never committed an offset.
      } catch (KafkaException e) {
        throw KafkaFaults.translate(settings, "delete group " + group, e);
      }
    }
  }

  private <T> T get(String what, KafkaFuture<T> future) throws JournalException {
    try {
      return await(future);
    } catch (KafkaException e) {
      throw KafkaFaults.translate(settings, what, e);
    }
  }

  /** The future's value; its failure as the Kafka exception that it is. */
  private static <T> T await(KafkaFuture<T> future) throws JournalException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException k ? k : new KafkaException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted("wait for a broker");
    }
  }

  private static void pause(String topic) throws JournalException {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KafkaFaults.interrupted("wait for topic " + topic);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(1));
  }
}
