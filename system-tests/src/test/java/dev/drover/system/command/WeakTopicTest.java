package dev.drover.system.command;

import static dev.drover.system.command.Replicas.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A topic whose settings were altered is noticed at the next start: a warning, or a refusal. */
final class WeakTopicTest {

  private static final String WATCH = "--set";
  private static final String SOON = "topic.watch=200ms";

  @TempDir Path folder;

  private final EmbeddedKafka kafka = EmbeddedKafka.shared();
  private final String prefix = EmbeddedKafka.freshPrefix();

  private InProcess with(String durability) {
    return new InProcess(
        Map.of(
            "DROVER_BOOTSTRAP_SERVERS",
            kafka.bootstrapServers(),
            "DROVER_PREFIX",
            prefix,
            "DROVER_DURABILITY",
            durability),
        folder);
  }

  @ParameterizedTest
  @CsvSource({"retention.ms,86400000", "unclean.leader.election.enable,true"})
  void aWeakerSettingIsAWarningOrARefusalAndNeverStopsAReplay(String key, String value)
      throws Exception {
    Path image = folder.resolve("a.qcow2");
    try (InProcess warned = with("warn");
        InProcess strict = with("refuse")) {
      strict.ok("volume", "create", "v", "--size", "1M");
      strict.ok("mark", "v", "m");
      strict.ok("apply", "v", "--image", image, "--until", "end");
      alter(key, value);

      Drover.Outcome apply = warned.run("apply", "v", "--image", image, "--until", "end").expect(0);
      assertTrue(apply.err().contains("warning: topic " + prefix + ".v.intents: " + key + " is "));
      byte[] before = Files.readAllBytes(image);
      Object[] serve = {"serve", "v", "--image", image, "--listen", "127.0.0.1:0"};
      Object[] follow = {"apply", "v", "--image", image};
      for (Object[] verb : List.of(serve, follow)) {
        Drover.Outcome refused = strict.run(verb).expect(3);
        assertTrue(refused.err().startsWith("drover: volume v: topic " + prefix), refused.err());
        assertTrue(refused.err().contains(key + " is " + value), refused.err());
        assertTrue(refused.err().contains("durability=warn"), refused.err());
      }
      assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(image)));
      Path rescued = folder.resolve("rescued.qcow2");
      strict.run("replay", "v", "--output", rescued).expect(0);
      strict.run("verify", image, rescued).expect(0);
    }
  }

  @Test
  void aTopicThatIsAlteredWhileItIsServedAndFollowedIsNoticed() throws Exception {
    Path image = folder.resolve("a.qcow2");
    try (InProcess drover = with("warn")) {
      drover.ok("volume", "create", "v", "--size", "1M");
      InProcess.Running served = drover.serve("v", folder.resolve("g.qcow2"), WATCH, SOON);
      InProcess.Running applied = drover.start("apply", "v", "--image", image, WATCH, SOON);
      alter("retention.ms", "86400000");
      for (InProcess.Running each : List.of(served, applied)) {
        each.awaitSaid("warning: topic " + prefix + ".v.intents: retention.ms is 86400000");
      }
      JsonNode shown = json(drover.ok("volume", "show", "v", "--json"));
      assertEquals("configured", shown.get("durability").get("policy").asText());
      assertTrue(shown.get("warnings").get(0).asText().contains("retention.ms"));

      drover.ok("volume", "alter", "v", "--durability", "refuse");
      for (InProcess.Running each : List.of(served, applied)) {
        Drover.Outcome stopped = each.await().expect(3);
        assertTrue(stopped.err().contains("retention.ms is 86400000"), stopped.err());
        assertTrue(stopped.err().contains("'drover volume alter v --durability warn'"));
      }
      drover.run("apply", "v", "--image", image).expect(3);
      assertTrue(drover.ok("volume", "show", "v").contains("a weaker topic is refused"));

      alter("retention.ms", "-1");
      InProcess.Running again = drover.start("apply", "v", "--image", image, WATCH, SOON);
      again.awaitSaid("apply: volume v");
      try (Admin admin = kafka.admin()) {
        admin.deleteTopics(List.of(prefix + ".v.compensations")).all().get();
      }
      again.awaitSaid("warning: volume v: there is no topic " + prefix + ".v.compensations");
      alter("cleanup.policy", "compact");
      Drover.Outcome wrong = again.await().expect(3);
      assertTrue(wrong.err().contains("is compacted"), wrong.err());
    }
  }

  @Test
  void whatCannotBeAskedOfATopicIsTold() {
    try (InProcess drover = with("warn")) {
      drover.run("volume", "create", "v", "--size", "1M", "--min-insync-replicas", "2").expect(2);
      drover.ok("volume", "create", "v", "--size", "1M", "--min-insync-replicas", "1");
      drover.run("volume", "alter", "v").expect(2);
      drover.run("volume", "alter", "v", "--durability", "strict").expect(2);
      drover.run("volume", "alter", "v", "--replication-factor", "-1").expect(2);
      drover.run("volume", "alter", "ghost", "--durability", "warn").expect(1);
      Drover.Outcome never =
          drover
              .run("volume", "alter", "v", "--replication-factor", "2", "--min-insync-replicas", 3)
              .expect(2);
      assertTrue(never.err().contains("no write could ever be acknowledged"), never.err());
      Drover.Outcome more =
          drover.run("volume", "alter", "v", "--replication-factor", "3").expect(0);
      assertTrue(more.err().contains("replication factor is 1, wanted 3"), more.err());
    }
  }

  @Test
  void whatTheBrokersOrTheCopiesCanNeverGiveIsRefusedAndLeavesNothing() throws Exception {
    try (InProcess drover = with("warn")) {
      Object[] three = {"volume", "create", "v", "--size", "1M", "--replication-factor", "3"};
      for (boolean beginning : new boolean[] {true, false}) {
        Drover.Outcome refused = drover.run(three).expect(2);
        assertEquals(
            "drover: volume v: 3 copies were asked for, but there is 1 broker;"
                + " give --replication-factor 1 or nothing, or start more brokers\n",
            refused.err());
        drover.run("volume", "show", "v").expect(1);
        if (beginning) { // not even a registry
          try (Admin admin = kafka.admin()) {
            assertFalse(
                admin.listTopics().names().get().stream().anyMatch(n -> n.startsWith(prefix)));
          }
        }
        drover.ok("volume", "create", beginning ? "other" : "v", "--size", "1M");
      }
      Drover.Outcome never =
          drover.run("volume", "alter", "v", "--min-insync-replicas", "5").expect(2);
      assertEquals(
          "drover: volume v: 5 in-sync copies of 1: no write could ever be acknowledged;"
              + " give --min-insync-replicas 1 or 0, or ask for more copies, too\n",
          never.err());
      JsonNode asks = json(drover.ok("volume", "show", "v", "--json")).get("durability");
      assertEquals(0, asks.get("minInsyncReplicas").asInt(), asks.toString());
    }
  }

  private void alter(String key, String value) throws Exception {
    var topic = new ConfigResource(ConfigResource.Type.TOPIC, prefix + ".v.intents");
    var change = new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
    try (Admin admin = kafka.admin()) {
      admin.incrementalAlterConfigs(Map.of(topic, List.of(change))).all().get();
    }
  }

  @Test
  void anyOtherWordIsNoDurability() {
    try (InProcess wrong = with("strict")) {
      Drover.Outcome outcome = wrong.run("volume", "list").expect(2);
      assertTrue(outcome.err().contains("strict"), outcome.err());
      assertFalse(outcome.err().contains("\tat "), outcome.err());
    }
  }
}
