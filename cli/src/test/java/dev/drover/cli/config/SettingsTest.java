package dev.drover.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.cli.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
  @TempDir private Path folder;

  @Test
  void aFlagWinsOverTheEnvironmentAndThatOverTheFile() throws IOException {
    Path file = file("bootstrap.servers=file:1\nprefix=fromfile\nkafka.linger.ms=5\n");
    Map<String, String> environment = Map.of("DROVER_BOOTSTRAP_SERVERS", "env:2");
    Map<String, String> flags = Map.of("bootstrap.servers", "flag:3");

    assertEquals("flag:3", gather(flags, environment, file).bootstrapServers());
    assertEquals("env:2", gather(Map.of(), environment, file).bootstrapServers());
    assertEquals("file:1", gather(Map.of(), Map.of(), file).bootstrapServers());
    assertEquals("fromfile", gather(flags, environment, file).prefix());
    assertEquals("drover", gather(flags, environment, null).prefix());
    assertEquals(Map.of("kafka.linger.ms", "5"), gather(flags, environment, file).kafka());
  }

  @Test
  void withoutABrokerTheThreeWaysToGiveOneAreNamed() {
    Settings settings = gather(Map.of(), Map.of(), null);
    CommandFailure e = assertThrows(CommandFailure.class, settings::bootstrapServers);
    assertEquals(2, e.exit());
    assertTrue(e.hint().contains("--bootstrap-servers"), e.hint());
    assertTrue(e.hint().contains("DROVER_BOOTSTRAP_SERVERS"), e.hint());
    assertTrue(e.hint().contains("--config"), e.hint());
  }

  @Test
  void aMistypedKeyIsAnErrorAndNotADefault() throws IOException {
    Path file = file("boostrap.servers=localhost:9092\n");
    CommandFailure e = assertThrows(CommandFailure.class, () -> gather(Map.of(), Map.of(), file));
    assertEquals(2, e.exit());
    assertTrue(e.getMessage().contains("boostrap.servers"), e.getMessage());
    assertTrue(e.getMessage().contains("is bootstrap.servers meant?"), e.getMessage());
    assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
  }

  @Test
  void aBrokerWithoutAPortIsRefused() {
    for (String wrong : new String[] {"localhost", ":9092", "h:x", "h:99999", "a:1,b"}) {
      CommandFailure e =
          assertThrows(
              CommandFailure.class,
              () -> gather(Map.of("bootstrap.servers", wrong), Map.of(), null),
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
          "kafka.producer.ssl.keystore.key",
          "kafka.my.plugin.password",
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
          "kafka.producer.key.serializer",
          "kafka.linger.ms"
        }) {
      assertFalse(new Setting(open, "x", "file").isSecret(), open);
    }
  }

  @Test
  void whatIsOnlyTheAddressOfASecretIsShown() {
    Setting reference =
        new Setting("kafka.ssl.keystore.password", "${file:/run/secrets/kafka:store}", "file");
    assertEquals("${file:/run/secrets/kafka:store}", reference.shown());
    Setting partly =
        new Setting("kafka.sasl.jaas.config", "x username=\"u\" password=\"${env:P}\";", "file");
    assertEquals("********", partly.shown());
    assertFalse(partly.toString().contains("username"), partly.toString());
  }

  @Test
  void everySettingHasAVariableAndASetFlagThatWinsOverIt() throws IOException {
    Path file = file("cache=journal\nkafka.producer.linger.ms=1\nkafka.security.protocol=SSL\n");
    Map<String, String> environment =
        Map.of(
            "DROVER_CACHE", "writeback",
            "DROVER_KAFKA_PRODUCER_LINGER_MS", "2",
            "DROVER_JOURNAL_TIMEOUT", "30s");
    Settings settings =
        Settings.gather(
            new SettingSources(
                Map.of("overlay.size", "1G"),
                List.of("kafka.producer.linger.ms=3", "overlay.size=2G", "journal.timeout=5s"),
                environment,
                Optional.of(file)));
    assertEquals("writeback", settings.value(OwnKey.CACHE));
    assertEquals("1G", settings.value(OwnKey.OVERLAY_SIZE));
    assertEquals("5s", settings.value(OwnKey.JOURNAL_TIMEOUT));
    assertEquals(
        Map.of("kafka.producer.linger.ms", "3", "kafka.security.protocol", "SSL"),
        settings.kafka());
    assertTrue(
        settings.all().contains(new Setting("cache", "writeback", "environment DROVER_CACHE")));
    assertTrue(settings.all().contains(new Setting("kafka.producer.linger.ms", "3", "flag --set")));
  }

  @Test
  void theFileCanBeNamedByTheEnvironment() throws IOException {
    Path file = file("prefix=fromfile\n");
    assertEquals(
        "fromfile", gather(Map.of(), Map.of("DROVER_CONFIG", file.toString()), null).prefix());
  }

  @Test
  void everythingThatIsWrongIsToldAtOnce() throws IOException {
    Path file =
        file(
            "bootstrap.servers=nowhere\n"
                + "journal.timeout=597h\n"
                + "overlay.size=0\n"
                + "cluster.sise=64K\n"
                + "kafka.acks=1\n"
                + "kafka.sasl.mechansim=PLAIN\n"
                + "kafka.producer.linger.ms=soon\n"
                + "kafka.ssl.truststore.location=/does/not/exist\n"
                + "kafka.ssl.key.password=${file:/does/not/exist:key}\n"
                + "kafka.producer.fetch.min.bytes=1\n"
                + "kafka.prodcer.linger.ms=5\n");
    CommandFailure e =
        assertThrows(
            CommandFailure.class,
            () ->
                Settings.gather(
                    new SettingSources(
                        Map.of(),
                        List.of("cache", "=v", " =v", "kafka.sasl.jaas.config=hunter2"),
                        Map.of("DROVER_PREFX", "p", "DROVER_SERVICE_HOST", "10.0.0.1"),
                        Optional.of(file))));
    assertEquals(2, e.exit());
    for (String part :
        List.of(
            "16 settings are wrong",
            "bootstrap.servers: 'nowhere' is not HOST:PORT",
            "journal.timeout: '597h' is more than Kafka counts",
            "overlay.size: 0 leaves no room",
            "unknown setting 'cluster.sise'",
            "is cluster.size meant?",
            "kafka.acks=1 must stay as it is",
            "is sasl.mechanism meant?",
            "kafka.producer.linger.ms: ",
            "cannot read /does/not/exist",
            "kafka.ssl.key.password: ${file:/does/not/exist:key} can't be read",
            "kafka.prodcer.linger.ms: there is no such kind of client; is kafka.producer.linger.ms",
            "kafka.producer.fetch.min.bytes: this kind of client has no such setting",
            "--set 'cache' is not KEY=VALUE",
            "--set '=...' is not KEY=VALUE: there is no key",
            "--set kafka.sasl.jaas.config: a secret on a command line",
            "is DROVER_PREFIX meant?",
            "(file " + file + ")")) {
      assertTrue(e.getMessage().contains(part), part + " in: " + e.getMessage());
    }
    assertFalse(e.getMessage().contains("hunter2"), e.getMessage());
    assertFalse(e.getMessage().contains("SERVICE_HOST"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  private static Settings gather(
      Map<String, String> flags, Map<String, String> environment, Path file) {
    return Settings.gather(
        new SettingSources(flags, List.of(), environment, Optional.ofNullable(file)));
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("drover.properties"), text);
  }
}
