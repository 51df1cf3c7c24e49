package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever happens to the brokers, a guest that writes through it all never sees an error, loses
 * nothing that it was promised, and every image ends clean and the same.
 */
@RequiresTools("qemu-img")
final class BrokerOutageIT {

  private static final int BROKERS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private static EmbeddedKafka kafka;

  @TempDir Path folder;

  @BeforeAll
  static void startBrokers() {
    kafka = EmbeddedKafka.start(BROKERS);
  }

  @AfterAll
  static void stopBrokers() {
    kafka.close();
  }

  @Test
  void theLeaderMovesUnderLoad() throws Exception {
    try (Drover drover = new Drover(kafka, folder);
        Served served = new Served(drover, 1);
        Admin admin = kafka.admin()) {
      TopicPartition journal = journal(drover);
      for (int move = 0; move < 4; move++) {
        served.guest().awaitMore(500);
        List<Integer> order = replicas(admin, journal).stream().map(Node::id).toList();
        List<Integer> next = List.of(order.get(1), order.get(2), order.get(0));
        admin
            .alterPartitionReassignments(
                Map.of(journal, Optional.of(new NewPartitionReassignment(next))))
            .all()
            .get();
        Await.until(
            PATIENCE,
            () -> elected(admin, journal) == next.getFirst(),
            () -> "broker " + next.getFirst() + " does not lead");
      }
      served.guest().awaitMore(500);
      System.out.println("BrokerOutageIT: leader moved 4 times: " + served.endsWell());
    }
  }

  /** The leader after asking for the preferred one. */
  private static int elected(Admin admin, TopicPartition journal) {
    try {
      admin.electLeaders(ElectionType.PREFERRED, Set.of(journal)).partitions().get();
      return partition(admin, journal).leader().id();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void eachBrokerStopsAndStartsAgainUnderLoad() throws Exception {
    try (Drover drover = new Drover(kafka, folder);
        Served served = new Served(drover, 2);
        Admin admin = kafka.admin()) {
      TopicPartition journal = journal(drover);
      for (int stopped = 0; stopped < BROKERS; stopped++) {
        served.guest().awaitMore(300);
        int leader = partition(admin, journal).leader().id();
        kafka.stopBroker(leader);
        served.guest().awaitMore(300);
        kafka.startBroker(leader);
        awaitInSync(admin, journal);
      }
      served.guest().awaitMore(300);
      System.out.println("BrokerOutageIT: leader stopped 3 times: " + served.endsWell());
    }
  }

  @Test
  void allBrokersAreAwayForThirtySeconds() throws Exception {
    try (Drover drover = new Drover(kafka, folder);
        Served served = new Served(drover, 3);
        Admin admin = kafka.admin()) {
      served.guest().awaitMore(500);
      IntStream.range(0, BROKERS).parallel().forEach(kafka::stopBroker);
      long answered = served.guest().lines();
      Await.pause(Duration.ofSeconds(30));
      // Requests that were on their way fill the pipe; then nothing is answered any more.
      long meanwhile = served.guest().lines() - answered;
      assertTrue(meanwhile < 200, meanwhile + " lines without a broker");
      assertTrue(served.follower().isAlive(), served.follower().said());
      IntStream.range(0, BROKERS).parallel().forEach(kafka::startBroker);
      awaitInSync(admin, journal(drover));
      served.guest().awaitMore(1_000);
      System.out.println("BrokerOutageIT: all away for 30 s: " + served.endsWell());
    }
  }

  @Test
  void theOnlyBrokerIsKilledAndStartsAgainUnderLoad() throws Exception {
    Path data = folder.resolve("kafka");
    try (Drover brokers = new Drover("127.0.0.1:1", "none", folder)) {
      DroverProcess broker = brokers.start("broker", "--dir", data, "--port", "0");
      String address = broker.awaitOutput("ready ").substring("ready ".length());
      String port = address.substring(address.lastIndexOf(':') + 1);
      Path files = Files.createDirectory(folder.resolve("files"));
      try (Drover drover = new Drover(address, EmbeddedKafka.freshPrefix(), files);
          Served served = new Served(drover, 4)) {
        for (int kill = 0; kill < 2; kill++) {
          served.guest().awaitMore(1_000);
          broker.kill();
          broker = brokers.start("broker", "--dir", data, "--port", port);
        }
        served.guest().awaitMore(1_000);
        System.out.println("BrokerOutageIT: killed twice: " + served.endsWell());
      }
    }
  }

  private static TopicPartition journal(Drover drover) {
    return new TopicPartition(drover.prefix() + "." + Served.VOLUME + ".intents", 0);
  }

  private static void awaitInSync(Admin admin, TopicPartition journal) {
    Await.until(
        PATIENCE,
        () -> partition(admin, journal).isr().size() == BROKERS,
        () -> "in sync are " + partition(admin, journal).isr());
  }

  private static List<Node> replicas(Admin admin, TopicPartition journal) {
    List<Node> replicas = partition(admin, journal).replicas();
    assertEquals(BROKERS, replicas.size());
    return replicas;
  }

  private static TopicPartitionInfo partition(Admin admin, TopicPartition journal) {
    try {
      Map<String, TopicDescription> found =
          admin.describeTopics(List.of(journal.topic())).allTopicNames().get();
      return found.get(journal.topic()).partitions().getFirst();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
