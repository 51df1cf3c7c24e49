package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.system.kafka.SecuredKafka;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each verb runs with exactly the rights that docs/security.md gives its role, over TLS with PEM
 * files and by SCRAM with a password that lies in a file; and with fewer it says in one line what
 * it lacks.
 */
class AclTest {
  @TempDir static Path folder;

  private static SecuredKafka kafka;

  @BeforeAll
  static void start() throws Exception {
    kafka = SecuredKafka.withPasswords(folder, DocumentedRights.ROLES);
    kafka.allow(DocumentedRights.read());
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  /** The command as this principal runs it, with its password in a file. */
  private static InProcess as(String user) {
    return as(user, SecuredKafka.passwordOf(user));
  }

  private static InProcess as(String user, String password) {
    try {
      Path secrets =
          Files.writeString(
              folder.resolve(user + "-" + password.hashCode() + ".secret"), "word=" + password);
      Map<String, String> settings = new TreeMap<>();
      settings.put("bootstrap.servers", kafka.bootstrapServers());
      settings.put("prefix", "p");
      settings.put("kafka.security.protocol", "SASL_SSL");
      settings.put("kafka.ssl.truststore.type", "PEM");
      settings.put("kafka.ssl.truststore.certificates", "${directory:" + folder + ":ca.pem}");
      settings.put("kafka.sasl.mechanism", "SCRAM-SHA-512");
      settings.put(
          "kafka.sasl.jaas.config",
          ("org.apache.kafka.common.security.scram.ScramLoginModule required"
                  + " username=\"%s\" password=\"${file:%s:word}\";")
              .formatted(user, secrets));
      List<String> lines =
          settings.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
      Path file =
          Files.write(folder.resolve(user + "-" + password.hashCode() + ".properties"), lines);
      return new InProcess(Map.of("DROVER_CONFIG", file.toString()), folder);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void eachRoleCanDoWhatTheTableSaysAndNoMore() throws Exception {
    try (InProcess admin = as("admin");
        InProcess writer = as("writer");
        InProcess replica = as("replica");
        InProcess operator = as("operator");
        InProcess reader = as("reader")) {
      admin.ok("volume", "create", "v", "--size", "1M");
      InProcess.Running gateway = writer.serve("v", folder.resolve("a.qcow2"));
      try (NbdClient guest = NbdClient.connect(URI.create(gateway.uri()))) {
        NbdClient.await(guest.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), true));
      }
      operator.ok("snapshot", "create", "v", "s");
      operator.ok("mark", "v", "m");
      replica.ok("apply", "v", "--image", folder.resolve("b.qcow2"), "--until", "mark:m");
      gateway.stop();
      operator.ok("snapshot", "revert", "v", "s");
      operator.ok("volume", "resize", "v", "--size", "2M");
      operator.ok("volume", "alter", "v", "--durability", "refuse");
      replica.ok("replay", "v", "--output", folder.resolve("c.qcow2"));
      everythingThatOnlyLooks(reader);
      whatTheOthersMayNot(reader, replica, writer, operator);
      admin.ok("replica", "forget", "v", nameOf(reader));
      admin.ok("volume", "delete", "v", "--yes");
    }
  }

  private static String nameOf(InProcess reader) {
    return Replicas.json(reader.ok("replica", "list", "v", "--json"))
        .at("/replicas/0/replica")
        .asText();
  }

  private static void everythingThatOnlyLooks(InProcess reader) {
    reader.ok("status");
    reader.ok("volume", "list");
    reader.ok("volume", "show", "v");
    reader.ok("snapshot", "list", "v");
    reader.ok("replica", "list", "v");
    reader.ok("compensations", "v");
    reader.ok("journal", "dump", "v");
  }

  private static void whatTheOthersMayNot(
      InProcess reader, InProcess replica, InProcess writer, InProcess operator) {
    Path image = folder.resolve("d.qcow2");
    refused(reader.run("mark", "v", "n"));
    refused(reader.run("apply", "v", "--image", image, "--until", "end"));
    refused(replica.run("serve", "v", "--image", folder.resolve("b.qcow2"), "--socket", "s"));
    refused(replica.run("snapshot", "create", "v", "t"));
    refused(operator.run("replay", "v", "--output", folder.resolve("e.qcow2")));
    refused(writer.run("volume", "delete", "v", "--yes"));
    refused(operator.run("replica", "forget", "v", nameOf(reader)));
    refused(operator.run("volume", "create", "w", "--size", "1M"));
    try (InProcess nobody = as("reader", "wrong")) {
      Drover.Outcome outcome = nobody.run("volume", "list");
      refused(outcome);
      assertFalse((outcome.out() + outcome.err()).contains("wrong"), outcome.err());
    }
  }

  private static void refused(Drover.Outcome outcome) {
    outcome.expect(1);
    List<String> lines = outcome.err().lines().toList();
    assertTrue(lines.getLast().startsWith("drover: "), outcome.err());
    assertTrue(
        lines.getLast().contains("uthoriz") || lines.getLast().contains("uthentic"),
        outcome.command() + ": " + outcome.err());
    assertTrue(lines.getLast().contains("docs/security.md"), outcome.err());
    assertEquals(
        1, lines.stream().filter(line -> line.startsWith("drover: ")).count(), outcome.err());
  }

  @Test
  void noPasswordIsEverPrinted() {
    try (InProcess reader = as("reader")) {
      for (List<Object> verb :
          List.<List<Object>>of(
              List.of("config", "print"),
              List.of("config", "print", "--json"),
              List.of("volume", "show", "ghost", "-v"))) {
        Drover.Outcome outcome = reader.run(verb.toArray());
        String said = outcome.out() + outcome.err();
        assertFalse(said.contains(SecuredKafka.passwordOf("reader")), said);
        assertFalse(said.contains("BEGIN CERTIFICATE"), said);
      }
    }
  }
}
