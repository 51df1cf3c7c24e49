package dev.drover.system.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;

/**
 * One broker that lets nobody in without TLS and a password, and nobody do what no ACL allows. Its
 * key is made by the JDK's keytool and kept as PEM.
 */
public final class SecuredKafka implements AutoCloseable {
  private static final String SUPER_USER = "broker";
  private static final String STORE_PASSWORD = "only-for-keytool";

  private final KafkaClusterTestKit cluster;
  private final Path certificate;

  private SecuredKafka(KafkaClusterTestKit cluster, Path certificate) {
    this.cluster = cluster;
    this.certificate = certificate;
  }

  /** Starts one; its keys lie in {@code folder}; each user's password is {@link #passwordOf}. */
  public static SecuredKafka start(Path folder, Collection<String> users) throws Exception {
    KeyStore store = keys(folder);
    Path certificate = folder.resolve("ca.pem");
    Path both = folder.resolve("broker.pem");
    String chain = pem("CERTIFICATE", store.getCertificate("broker").getEncoded());
    Files.writeString(certificate, chain);
    Key key = store.getKey("broker", STORE_PASSWORD.toCharArray());
    Files.writeString(both, pem("PRIVATE KEY", key.getEncoded()) + chain);
    var nodes =
        new TestKitNodes.Builder()
            .setCombined(true)
            .setNumBrokerNodes(1)
            .setNumControllerNodes(1)
            .build();
    var builder = new KafkaClusterTestKit.Builder(nodes);
    settings(both, certificate, users).forEach(builder::setConfigProp);
    KafkaClusterTestKit cluster = builder.build();
    cluster.format();
    cluster.startup();
    cluster.waitForReadyBrokers();
    return new SecuredKafka(cluster, certificate);
  }

  private static Map<String, Object> settings(
      Path keys, Path certificate, Collection<String> users) {
    Map<String, Object> settings = new TreeMap<>();
    settings.put("listener.security.protocol.map", "EXTERNAL:SASL_SSL,CONTROLLER:PLAINTEXT");
    settings.put("ssl.keystore.type", "PEM");
    settings.put("ssl.keystore.location", keys.toString());
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", certificate.toString());
    settings.put("sasl.enabled.mechanisms", "PLAIN");
    settings.put("sasl.mechanism.inter.broker.protocol", "PLAIN");
    StringBuilder jaas = new StringBuilder(jaas(SUPER_USER));
    jaas.setLength(jaas.length() - 1);
    for (String user : users) {
      jaas.append(" user_%s=\"%s\"".formatted(user, passwordOf(user)));
    }
    jaas.append(" user_%s=\"%s\";".formatted(SUPER_USER, passwordOf(SUPER_USER)));
    settings.put("listener.name.external.plain.sasl.jaas.config", jaas.toString());
    settings.put("authorizer.class.name", StandardAuthorizer.class.getName());
    // The controller's listener has no passwords; nobody else is anonymous.
    settings.put("super.users", "User:" + SUPER_USER + ";User:ANONYMOUS");
    settings.put("auto.create.topics.enable", "false");
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("offsets.topic.replication.factor", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("transaction.state.log.replication.factor", "1");
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    return settings;
  }

  private static KeyStore keys(Path folder)
      throws IOException, InterruptedException, GeneralSecurityException {
    Path file = folder.resolve("broker.p12");
    String options =
        "-genkeypair -alias broker -keyalg EC -groupname secp256r1 -validity 2 -storetype PKCS12"
            + " -dname CN=localhost -ext SAN=dns:localhost,ip:127.0.0.1";
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(options.split(" ")));
    command.addAll(List.of("-storepass", STORE_PASSWORD, "-keystore", file.toString()));
    ProcessBuilder builder = new ProcessBuilder(command);
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + said);
    }
    return KeyStore.getInstance(file.toFile(), STORE_PASSWORD.toCharArray());
  }

  private static String pem(String what, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, body, what);
  }

  private static String jaas(String user) {
    return "org.apache.kafka.common.security.plain.PlainLoginModule required"
        + " username=\"%s\" password=\"%s\";".formatted(user, passwordOf(user));
  }

  /** The password of one of the users. */
  public static String passwordOf(String user) {
    return "opens-for-" + user;
  }

  /** host:port, by a name that is in the certificate. */
  public String bootstrapServers() {
    return cluster.bootstrapServers();
  }

  /** What clients trust, as PEM. */
  public Path certificate() {
    return certificate;
  }

  /** Allows what these say, as the broker's own user; returns when the broker knows. */
  public void allow(Collection<AclBinding> acls) throws InterruptedException, ExecutionException {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            bootstrapServers(),
            "security.protocol",
            "SASL_SSL",
            "ssl.truststore.type",
            "PEM",
            "ssl.truststore.location",
            certificate.toString(),
            "sasl.mechanism",
            "PLAIN",
            "sasl.jaas.config",
            jaas(SUPER_USER));
    try (Admin admin = Admin.create(settings)) {
      admin.createAcls(acls).all().get();
    }
  }

  @Override
  public void close() {
    try {
      cluster.close();
    } catch (Exception e) {
      throw new IllegalStateException("could not stop an embedded Kafka", e);
    }
  }
}
