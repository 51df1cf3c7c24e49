package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaSettingsTest {
  private static KafkaSettings settings(Map<String, String> overrides) throws JournalException {
    return new KafkaSettings("localhost:9092", "drover", overrides);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kafka.acks=1",
        "kafka.producer.acks=0",
        "kafka.producer.enable.idempotence=false",
        "kafka.producer.max.in.flight.requests.per.connection=6",
        "kafka.producer.retries=3",
        "kafka.producer.delivery.timeout.ms=1000",
        "kafka.producer.transactional.id=mine",
        "kafka.producer.max.request.size=100",
        "kafka.consumer.isolation.level=read_uncommitted",
        "kafka.consumer.enable.auto.commit=true",
        "kafka.consumer.auto.offset.reset=latest",
        "kafka.consumer.group.id=mine",
        "kafka.consumer.check.crcs=false",
        "kafka.bootstrap.servers=elsewhere:1",
        "kafka.producer.interceptor.classes=x.Y",
        "kafka.producer.max.block.ms=5",
        "kafka.admin.bootstrap.servers=elsewhere:1",
        "kafka.consumer.value.deserializer=x.Y",
      })
  void anOverrideThatWouldBreakAPromiseIsRefusedByName(String override) {
    String[] pair = override.split("=");
    var e = assertThrows(JournalException.class, () -> settings(Map.of(pair[0], pair[1])));
    assertEquals(JournalException.Code.USAGE, e.code());
    assertTrue(e.getMessage().contains(override), e.getMessage());
  }

  @Test
  void allRefusedOverridesAreNamedAtOnce() {
    var overrides = Map.of("kafka.acks", "1", "kafka.consumer.enable.auto.commit", "true");
    var e = assertThrows(JournalException.class, () -> settings(overrides));
    assertTrue(e.getMessage().contains("kafka.acks=1"), e.getMessage());
    assertTrue(e.getMessage().contains("kafka.consumer.enable.auto.commit=true"), e.getMessage());
  }

  @Test
  void anOverrideThatSaysWhatHoldsAnywayIsAccepted() throws JournalException {
    settings(Map.of("kafka.acks", "-1", "kafka.producer.enable.idempotence", "TRUE"));
  }

  @Test
  void whatIsForOneKindOfClientWinsOverWhatIsForAll() throws JournalException {
    var settings =
        settings(
            Map.of(
                "kafka.security.protocol", "SSL",
                "kafka.consumer.security.protocol", "SASL_SSL",
                "kafka.producer.linger.ms", "7",
                "kafka.admin.retries", "2",
                "volume", "not ours"));
    assertEquals("SASL_SSL", settings.consumer().get("security.protocol"));
    assertEquals("SSL", settings.producer(Duration.ofSeconds(30)).get("security.protocol"));
    assertEquals("7", settings.producer(Duration.ofSeconds(30)).get("linger.ms"));
    assertEquals("2", settings.admin().get("retries"));
    assertEquals("SSL", settings.admin().get("security.protocol"));
  }

  @Test
  void aSecretInAFileIsFollowedByTheClientsAndStaysAReferenceHere(@TempDir Path folder)
      throws Exception {
    Path secrets = Files.writeString(folder.resolve("secrets"), "jaas=hunter2\n");
    String reference = "${file:" + secrets + ":jaas}";
    var settings = settings(Map.of("kafka.sasl.jaas.config", reference));
    assertEquals(reference, settings.consumer().get("sasl.jaas.config"));
    var client = new ConsumerConfig(settings.consumer());
    assertEquals("hunter2", client.getPassword("sasl.jaas.config").value());
  }

  @Test
  void aSecretThatIsNotThereIsToldBeforeAClientIsMade(@TempDir Path folder) throws Exception {
    Path secrets = Files.writeString(folder.resolve("secrets"), "other=x\n");
    for (String reference :
        List.of(
            "${file:" + secrets + ":jaas}",
            "${directory:" + folder + ":jaas}",
            "${env:DROVER_TEST_NOWHERE}",
            "${vault:a:b}")) {
      var e =
          assertThrows(
              JournalException.class,
              () -> settings(Map.of("kafka.sasl.jaas.config", reference)),
              reference);
      assertTrue(e.getMessage().startsWith("kafka.sasl.jaas.config: ${"), e.getMessage());
    }
  }

  @Test
  void whatStandsBesideAReferenceThatCannotBeReadIsNotPrinted() {
    String value = "x.Module required password=\"hunter2\" token=\"${file:/does/not/exist:t}\";";
    var e =
        assertThrows(
            JournalException.class, () -> settings(Map.of("kafka.sasl.jaas.config", value)));
    assertFalse(e.getMessage().contains("hunter2"), e.getMessage());
    assertTrue(e.getMessage().contains("${file:/does/not/exist:t} can't be read"), e.getMessage());
  }

  @Test
  void anotherProviderCanBeBroughtAlong() throws JournalException {
    var settings =
        settings(
            Map.of(
                "kafka.config.providers", "vault",
                "kafka.config.providers.vault.class", "x.Vault",
                "kafka.ssl.key.password", "${vault:a:b}"));
    assertEquals("directory,env,file,vault", settings.admin().get("config.providers"));
  }

  @Test
  void whatDroverSetsItselfIsListedWithThePromiseThatRestsOnIt() throws JournalException {
    var own = settings(Map.of("kafka.producer.linger.ms", "7")).own();
    var acks = own.stream().filter(each -> each.key().equals("kafka.producer.acks")).findFirst();
    assertEquals("all", acks.orElseThrow().value());
    assertTrue(acks.orElseThrow().why().isPresent());
    assertTrue(own.stream().noneMatch(each -> each.key().equals("kafka.producer.linger.ms")));
    assertTrue(own.stream().noneMatch(each -> each.key().endsWith("bootstrap.servers")));
  }

  @Test
  void everyProducerWaitsForAllInSyncBrokers() throws JournalException {
    var producer = settings(Map.of()).producer(Duration.ofSeconds(3));
    assertEquals("all", producer.get("acks"));
    assertEquals("true", producer.get("enable.idempotence"));
    assertEquals("3000", producer.get("delivery.timeout.ms"));
    assertEquals("3000", producer.get("request.timeout.ms"));
  }

  @Test
  void aRequestMayTakeAsLongAsTheConfigurationSaysAndEveryClientCanStillBeMade() throws Exception {
    var slow = settings(Map.of("kafka.request.timeout.ms", "30000", "kafka.linger.ms", "5"));
    for (Map<String, Object> config :
        List.of(
            slow.producer(Duration.ofSeconds(8)),
            slow.writer(),
            slow.withJournalTimeout(Duration.ofSeconds(10)).writer(),
            settings(Map.of("kafka.producer.linger.ms", "5"))
                .withJournalTimeout(Duration.ofSeconds(10))
                .writer())) {
      new KafkaProducer<byte[], byte[]>(config).close(Duration.ZERO);
    }
    assertEquals("30000", slow.writer().get("request.timeout.ms"));
    assertEquals("7995", slow.producer(Duration.ofSeconds(8)).get("request.timeout.ms"));
    Admin.create(slow.admin()).close(Duration.ZERO);
    assertEquals("30000", slow.admin().get("default.api.timeout.ms"));
    assertEquals("10000", settings(Map.of()).admin().get("default.api.timeout.ms"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".x", "a b", "ä"})
  void aPrefixThatIsNoTopicNameIsRefused(String prefix) {
    var e =
        assertThrows(JournalException.class, () -> new KafkaSettings("h:9092", prefix, Map.of()));
    assertEquals(JournalException.Code.USAGE, e.code());
  }

  @Test
  void topicsAreNamedAfterPrefixAndVolume() {
    VolumeTopics topics = new VolumeTopics("p.q");
    assertEquals("p.q.v.intents", topics.intents("v"));
    assertEquals("p.q.v.compensations", topics.compensations("v"));
    assertEquals("p.q.v.control", topics.control("v"));
    assertEquals("p.q.registry", topics.registry());
    assertEquals("p.q.v.r", topics.replica("v", "r"));
    assertThrows(IllegalArgumentException.class, () -> topics.intents("v.w"));
  }
}
