package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
  @CsvSource({"retention.ms,100000", "unclean.leader.election.enable,true"})
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
      for (String verb : List.of("serve", "apply")) {
        Drover.Outcome refused = strict.run(verb, "v", "--image", image).expect(3);
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
