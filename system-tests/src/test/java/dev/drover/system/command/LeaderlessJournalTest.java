package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One journal that nobody leads hides nothing of the others. */
@Timeout(180)
final class LeaderlessJournalTest {
  @TempDir Path folder;

  @Test
  void aFleetIsToldOfThoughOneOfItsJournalsCannotBeAsked() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(2);
        InProcess drover = new InProcess(kafka, folder)) {
      drover.ok("volume", "create", "twice", "--size", "1M");
      drover.ok("volume", "create", "once", "--size", "1M", "--replication-factor", "1");
      for (String volume : List.of("once", "twice")) {
        drover.ok("mark", volume, "m");
        drover.ok("apply", volume, "--image", drover.file(volume), "--until", "end");
      }
      String topic = json(drover, "volume", "show", "once").get("topic").asText();
      kafka.stopBroker(leader(kafka, topic));

      JsonNode volumes = json(drover, "status").get("volumes");
      assertEquals("once", volumes.get(0).get("name").asText());
      assertTrue(volumes.get(0).get("trouble").asText().contains(topic), volumes.toString());
      assertEquals("STOPPED", volumes.at("/0/replicas/0/state").asText());
      assertTrue(volumes.get(1).get("logEndOffset").asLong() > 0, volumes.toString());
      assertEquals(0, volumes.at("/1/replicas/0/lagRecords").asLong());
      Drover.Outcome list = drover.run("volume", "list").expect(1);
      assertTrue(list.out().contains("twice"), list.out());
      assertTrue(list.err().startsWith("once: no broker"), list.err());
    }
  }

  private static JsonNode json(InProcess drover, Object... verb) {
    return Replicas.json(
        drover.run(Stream.concat(Stream.of(verb), Stream.of("--json")).toArray()).out());
  }

  private static int leader(EmbeddedKafka kafka, String topic) throws Exception {
    try (Admin admin = kafka.admin()) {
      var found = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
      return found.partitions().getFirst().leader().id();
    }
  }
}
