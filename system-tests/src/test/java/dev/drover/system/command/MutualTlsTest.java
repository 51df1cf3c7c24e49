package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.client.NbdClient;
import dev.drover.system.kafka.Certificates;
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
 * Who has a certificate that the brokers' authority has signed is who it says, with the rights of
 * docs/security.md and no password; nobody else gets in.
 */
class MutualTlsTest {
  @TempDir static Path folder;

  private static SecuredKafka kafka;

  @BeforeAll
  static void start() throws Exception {
    kafka = SecuredKafka.withCertificates(folder);
    kafka.allow(DocumentedRights.read());
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  /** The command with these settings of the client's own keys beside what all have. */
  private static InProcess with(String name, Map<String, String> keys) throws IOException {
    Map<String, String> settings = new TreeMap<>(keys);
    settings.put("bootstrap.servers", kafka.bootstrapServers());
    settings.put("prefix", "p");
    settings.put("kafka.security.protocol", "SSL");
    settings.put("kafka.ssl.truststore.type", "PEM");
    settings.put("kafka.ssl.truststore.location", folder.resolve("ca.pem").toString());
    List<String> lines =
        settings.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    Path file = Files.write(folder.resolve(name + ".properties"), lines);
    return new InProcess(Map.of("DROVER_CONFIG", file.toString()), folder);
  }

  private static Map<String, String> inOneFile(Certificates.Identity identity) {
    return Map.of(
        "kafka.ssl.keystore.type",
        "PEM",
        "kafka.ssl.keystore.location",
        identity.both().toString());
  }

  private static Map<String, String> inTwoFiles(Certificates.Identity identity) {
    return Map.of(
        "kafka.ssl.keystore.type", "PEM",
        "kafka.ssl.keystore.key", reference(identity.key()),
        "kafka.ssl.keystore.certificate.chain", reference(identity.chain()));
  }

  private static String reference(Path file) {
    return "${directory:%s:%s}".formatted(file.getParent(), file.getFileName());
  }

  @Test
  void aCertificateIsAllThatAPrincipalNeeds() throws Exception {
    Certificates certificates = kafka.certificates();
    Certificates.Identity writerKeys = certificates.issue("writer");
    try (InProcess admin = with("admin", inOneFile(certificates.issue("admin")));
        InProcess writer = with("writer", inTwoFiles(writerKeys))) {
      admin.ok("volume", "create", "v", "--size", "1M");
      InProcess.Running gateway = writer.serve("v", folder.resolve("a.qcow2"));
      try (NbdClient guest = NbdClient.connect(URI.create(gateway.uri()))) {
        NbdClient.await(guest.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3, 4}), true));
      }
      gateway.stop();
      // A compensation's transaction and a group's offset go the same way.
      writer.ok("apply", "v", "--image", folder.resolve("b.qcow2"), "--until", "end");
      writer.ok("verify", folder.resolve("a.qcow2"), folder.resolve("b.qcow2"));
      refused(writer.run("volume", "delete", "v", "--yes"), "uthoriz");
      assertNoKeyIsPrinted(writer, writerKeys);
    }
  }

  private static void assertNoKeyIsPrinted(InProcess writer, Certificates.Identity identity)
      throws IOException {
    String key = Files.readString(identity.key()).lines().toList().get(1);
    for (List<String> verb :
        List.of(
            List.of("config", "print"),
            List.of("config", "print", "--json"),
            List.of("volume", "show", "ghost", "-v"))) {
      Drover.Outcome outcome = writer.run(verb.toArray());
      String said = outcome.out() + outcome.err();
      assertFalse(said.contains(key) || said.contains("BEGIN"), said);
    }
  }

  @Test
  void nobodyElseGetsIn() throws Exception {
    Certificates.Identity stranger = kafka.certificates().stranger("admin2");
    try (InProcess unknown = with("stranger", inOneFile(stranger));
        InProcess nobody = with("nobody", Map.of())) {
      refused(unknown.run("volume", "list"), "the TLS handshake failed: ");
      refused(nobody.run("volume", "list"), "the TLS handshake failed: ");
    }
  }

  private static void refused(Drover.Outcome outcome, String what) {
    outcome.expect(1);
    List<String> lines = outcome.err().lines().toList();
    assertTrue(lines.getLast().contains(what), outcome.err());
    assertTrue(lines.getLast().contains("docs/security.md"), outcome.err());
    assertEquals(
        1, lines.stream().filter(line -> line.startsWith("drover: ")).count(), outcome.err());
  }
}
