package dev.drover.system.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.kafka.KafkaSettings;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;

/**
 * A KRaft cluster in this process: real brokers, real sockets, ports chosen by the system and kept
 * over {@link #stopBroker} and {@link #startBroker}.
 *
 * <p>Starting one takes seconds, so tests that do not hurt the brokers share {@link #shared} and
 * keep out of one another's way by a {@link #freshPrefix} each.
 */
public final class EmbeddedKafka implements AutoCloseable {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static EmbeddedKafka shared;

  private final KafkaClusterTestKit cluster;

  private EmbeddedKafka(KafkaClusterTestKit cluster) {
    this.cluster = cluster;
  }

  /** One broker for the whole test run; never stop it. It ends with the process. */
  public static synchronized EmbeddedKafka shared() {
    if (shared == null) {
      EmbeddedKafka started = start(1);
      Runtime.getRuntime().addShutdownHook(new Thread(started::close, "embedded-kafka-close"));
      shared = started;
    }
    return shared;
  }

  /** A cluster of its own, for a test that stops brokers. */
  public static EmbeddedKafka start(int brokers) {
    int copies = Math.min(3, brokers);
    try {
      var nodes =
          new TestKitNodes.Builder()
              .setCombined(brokers == 1)
              .setNumBrokerNodes(brokers)
              .setNumControllerNodes(1)
              .build();
      var cluster =
          new KafkaClusterTestKit.Builder(nodes)
              .setConfigProp("auto.create.topics.enable", "false")
              .setConfigProp("offsets.topic.num.partitions", "1")
              .setConfigProp("offsets.topic.replication.factor", "" + copies)
              .setConfigProp("transaction.state.log.num.partitions", "1")
              .setConfigProp("transaction.state.log.replication.factor", "" + copies)
              .setConfigProp("transaction.state.log.min.isr", "" + Math.max(1, copies - 1))
              .setConfigProp("group.initial.rebalance.delay.ms", "0")
              .setConfigProp("broker.session.timeout.ms", "3000")
              .setConfigProp("broker.heartbeat.interval.ms", "500")
              .setConfigProp("log.segment.delete.delay.ms", "0")
              .setConfigProp("log.initial.task.delay.ms", "0")
              .setConfigProp("log.retention.check.interval.ms", "200")
              .build();
      cluster.format();
      cluster.startup();
      cluster.waitForReadyBrokers();
      return new EmbeddedKafka(cluster);
    } catch (Exception e) {
      throw new IllegalStateException("could not start an embedded Kafka of " + brokers, e);
    }
  }

  /** host:port of every broker, comma-separated. */
  public String bootstrapServers() {
    return cluster.bootstrapServers();
  }

  /** A topic prefix that no other test of this process uses. */
  public static String freshPrefix() {
    return "t" + PREFIXES.incrementAndGet();
  }

  /** Drover's settings for this cluster under a prefix. */
  public KafkaSettings settings(String prefix) {
    return settings(prefix, Map.of());
  }

  /** Drover's settings for this cluster under a prefix, with {@code kafka.*} overrides. */
  public KafkaSettings settings(String prefix, Map<String, String> overrides) {
    try {
      return new KafkaSettings(bootstrapServers(), prefix, overrides);
    } catch (JournalException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** An admin client; close it. */
  public Admin admin() {
    return Admin.create(
        Map.of("bootstrap.servers", bootstrapServers(), "enable.metrics.push", "false"));
  }

  /** The folder in which a broker keeps partition 0 of a topic. */
  public Path partitionFolder(int broker, String topic) {
    var folders = cluster.nodes().brokerNodes().get(broker).logDataDirectories();
    return Path.of(folders.iterator().next(), topic + "-0");
  }

  /** Stops a broker (numbered from 0) cleanly. */
  public void stopBroker(int id) {
    var broker = cluster.brokers().get(id);
    broker.shutdown();
    broker.awaitShutdown();
  }

  /** Starts a stopped broker again, on its old port and files. */
  public void startBroker(int id) {
    cluster.brokers().get(id).startup();
  }

  @Override
  public void close() {
    try {
      cluster.close();
    } catch (Exception e) {
      throw new IllegalStateException("could not stop an embedded Kafka", e);
    }
  }
}
