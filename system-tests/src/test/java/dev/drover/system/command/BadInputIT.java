package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each wrong input gets one line that says what, where and what to do, and changes nothing. */
final class BadInputIT {

  @TempDir Path folder;

  private final EmbeddedKafka kafka = EmbeddedKafka.shared();
  private Drover drover;

  @BeforeEach
  void start() {
    drover = new Drover(kafka, folder);
  }

  @AfterEach
  void stop() {
    drover.close();
  }

  @Test
  void aBrokerThatIsNotThere() {
    try (Drover nowhere = new Drover("127.0.0.1:1", "none", folder)) {
      refused(nowhere.run("volume", "list"), 1, "127.0.0.1:1");
    }
  }

  @Test
  void sizesThatNoDiskCanHave() throws Exception {
    Set<String> before = topics();
    for (String size : List.of("0", "-1", "9223372036854775808", "8E", "ten")) {
      refused(drover.call("volume", "create", "v", "--size=" + size), 2, size);
    }
    refused(drover.call("volume", "create", "no/name", "--size", "1M"), 2, "no/name");
    assertEquals(before, topics());
  }

  @Test
  void aVolumeThatIsMissingOrExists() {
    Path image = drover.file("a.qcow2");
    for (String verb : List.of("serve", "apply")) {
      refused(drover.call(verb, "ghost", "--image", image), 1, "ghost");
    }
    refused(drover.call("replay", "ghost", "--output", image), 1, "ghost");
    assertFalse(Files.exists(image));
    ok("volume", "create", "v", "--size", "1M");
    String shown = ok("volume", "show", "v", "--json");
    refused(drover.call("volume", "create", "v", "--size", "2M"), 1, "v");
    assertEquals(shown, ok("volume", "show", "v", "--json"));
  }

  @Test
  void aTopicThatIsMissingOrHasTwoPartitions() throws Exception {
    Path image = drover.file("a.qcow2");
    ok("volume", "create", "v", "--size", "1M");
    String topic = drover.prefix() + ".v.intents";
    try (Admin admin = kafka.admin()) {
      admin.deleteTopics(List.of(topic)).all().get();
      refused(drover.call("apply", "v", "--image", image, "--until", "end"), 1, topic);
      admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all().get();
    }
    refused(drover.call("apply", "v", "--image", image, "--until", "end"), 3, topic);
    assertFalse(Files.exists(image));
  }

  @Test
  void filesThatAreNoReplicaOfTheVolume() throws IOException {
    ok("volume", "create", "v", "--size", "1M");
    ok("volume", "create", "w", "--size", "1M");
    Path notQcow2 = Files.write(drover.file("plain.bin"), new byte[70_000]);
    untouched(notQcow2, 1);
    Path foreign = drover.file("w.qcow2");
    ok("apply", "w", "--image", foreign, "--until", "end");
    untouched(foreign, 3);
    Path plain = drover.file("plain.qcow2");
    ok("image", "create", "-f", "qcow2", plain, "1M");
    untouched(plain, 3);
    Path cut = drover.file("cut.qcow2");
    ok("apply", "v", "--image", cut, "--until", "end");
    try (FileChannel channel = FileChannel.open(cut, StandardOpenOption.WRITE)) {
      channel.truncate(100);
    }
    untouched(cut, 3);
  }

  /** Apply refuses the file with the code, and leaves every byte of it. */
  private void untouched(Path image, int code) throws IOException {
    byte[] before = Files.readAllBytes(image);
    refused(
        drover.call("apply", "v", "--image", image, "--replica", "x", "--until", "end"),
        code,
        image.getFileName().toString());
    assertArrayEquals(before, Files.readAllBytes(image));
  }

  @Test
  void anImageInUse() {
    ok("volume", "create", "v", "--size", "1M");
    Path image = drover.file("a.qcow2");
    drover.serve("v", image);
    refused(drover.call("apply", "v", "--image", image, "--until", "end"), 3, "a.qcow2");
    refused(drover.call("serve", "v", "--image", image, "--listen", "127.0.0.1:0"), 3, "a.qcow2");
  }

  @Test
  void aDamagedRecordStopsTheImageAtItsLastGoodPosition() throws Exception {
    ok("volume", "create", "v", "--size", "1M");
    Path image = drover.file("a.qcow2");
    ok("mark", "v", "good");
    ok("apply", "v", "--image", image, "--replica", "r", "--until", "end");
    Optional<Long> end = Optional.of(Replicas.logEnd(drover, "v"));
    byte[] garbage = new byte[200];
    Arrays.fill(garbage, (byte) 0x5a);
    try (var producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", (Object) kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(drover.prefix() + ".v.intents", 0, null, garbage)).get();
    }
    refused(
        drover.call("apply", "v", "--image", image, "--until", "end"), 3, "offset " + end.get());
    refused(drover.call("replay", "v", "--output", drover.file("n.qcow2")), 3, "offset");
    assertFalse(Files.exists(drover.file("n.qcow2")));
    assertTrue(ok("volume", "list").contains("READY"));
    drover.call("image", "check", image).expect(0);
    String until = "offset:" + end.get();
    ok("replay", "v", "--output", drover.file("good.qcow2"), "--until", until);
    drover.call("verify", image, drover.file("good.qcow2")).expect(0);
  }

  /** One line of error that names the thing, after logs if any; no stack trace, no stdout. */
  private static void refused(Drover.Outcome outcome, int code, String named) {
    outcome.expect(code);
    List<String> lines = outcome.err().lines().toList();
    assertEquals(1, lines.stream().filter(line -> line.startsWith("drover: ")).count());
    assertTrue(lines.getLast().startsWith("drover: "), outcome.err());
    assertTrue(lines.getLast().contains(named), outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    assertEquals("", outcome.out());
  }

  private String ok(Object... arguments) {
    return drover.call(arguments).expect(0).out().strip();
  }

  private Set<String> topics() throws Exception {
    try (Admin admin = kafka.admin()) {
      // Other classes run beside this one, each under prefixes of its own.
      return admin.listTopics().names().get().stream()
          .filter(name -> name.startsWith(drover.prefix() + "."))
          .collect(Collectors.toSet());
    }
  }
}
