package dev.drover.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.cli.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
  @TempDir private Path folder;

  @Test
  void aFlagWinsOverTheEnvironmentAndThatOverTheFile() throws IOException {
    Path file = file("bootstrap.servers=file:1\nprefix=fromfile\nkafka.linger.ms=5\n");
    Map<String, String> environment = Map.of("DROVER_BOOTSTRAP_SERVERS", "env:2");
    Map<String, String> flags = Map.of("bootstrap.servers", "flag:3");

    assertEquals("flag:3", Settings.gather(flags, environment, file).bootstrapServers());
    assertEquals("env:2", Settings.gather(Map.of(), environment, file).bootstrapServers());
    assertEquals("file:1", Settings.gather(Map.of(), Map.of(), file).bootstrapServers());
    assertEquals("fromfile", Settings.gather(flags, environment, file).prefix());
    assertEquals("drover", Settings.gather(flags, environment, null).prefix());
    assertEquals(Map.of("kafka.linger.ms", "5"), Settings.gather(flags, environment, file).kafka());
  }

  @Test
  void withoutABrokerTheThreeWaysToGiveOneAreNamed() {
    Settings settings = Settings.gather(Map.of(), Map.of(), null);
    CommandFailure e = assertThrows(CommandFailure.class, settings::bootstrapServers);
    assertEquals(2, e.exit());
    assertTrue(e.hint().contains("--bootstrap-servers"), e.hint());
    assertTrue(e.hint().contains("DROVER_BOOTSTRAP_SERVERS"), e.hint());
    assertTrue(e.hint().contains("--config"), e.hint());
  }

  @Test
  void aMistypedKeyIsAnErrorAndNotADefault() throws IOException {
    Path file = file("boostrap.servers=localhost:9092\n");
    CommandFailure e =
        assertThrows(CommandFailure.class, () -> Settings.gather(Map.of(), Map.of(), file));
    assertEquals(2, e.exit());
    assertTrue(e.getMessage().contains("boostrap.servers"), e.getMessage());
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
  }

  @Test
  void aBrokerWithoutAPortIsRefused() {
    for (String wrong : new String[] {"localhost", ":9092", "h:x", "h:99999", "a:1,b"}) {
      CommandFailure e =
          assertThrows(
              CommandFailure.class,
              () -> Settings.gather(Map.of("bootstrap.servers", wrong), Map.of(), null),
              wrong);
      assertEquals(2, e.exit());
    }
  }

  @Test
  void secretsAreMaskedAndWhatOnlyNamesAKeyIsNot() {
    for (String secret :
        new String[] {
          "kafka.sasl.jaas.config",
          "kafka.ssl.keystore.password",
          "kafka.ssl.key.password",
          "kafka.ssl.keystore.key",
          "kafka.sasl.oauthbearer.client.credentials.client.secret"
        }) {
      assertTrue(new Setting(secret, "x", "file").isSecret(), secret);
    }
    for (String open :
        new String[] {
          "bootstrap.servers",
          "prefix",
          "kafka.ssl.keystore.location",
          "kafka.ssl.keystore.type",
          "kafka.security.protocol",
          "kafka.linger.ms"
        }) {
      assertFalse(new Setting(open, "x", "file").isSecret(), open);
    }
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("drover.properties"), text);
  }
}
