package dev.drover.system.kafka;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;

/**
 * One broker that lets nobody in without TLS and a proof of who it is, and nobody do what no ACL
 * allows.
 */
public final class SecuredKafka implements AutoCloseable {
  private static final String SUPER_USER = "broker";
  private static final int SCRAM_ITERATIONS = 4096;

  private final KafkaClusterTestKit cluster;
  private final Certificates certificates;
  private final Map<String, Object> superUser;

  private SecuredKafka(
      KafkaClusterTestKit cluster, Certificates certificates, Map<String, Object> superUser) {
    this.cluster = cluster;
    this.certificates = certificates;
    this.superUser = superUser;
  }

  /**
   * One that asks for passwords, by SCRAM; its keys lie in {@code folder}; each user's password is
   * {@link #passwordOf}.
   */
  public static SecuredKafka withPasswords(Path folder, Collection<String> users) throws Exception {
    Certificates certificates = new Certificates(folder);
    Map<String, Object> settings = settings(certificates, "SASL_SSL");
    settings.put("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512");
    settings.put("sasl.mechanism.inter.broker.protocol", "PLAIN");
    settings.put(
        "listener.name.external.plain.sasl.jaas.config",
        jaas(SUPER_USER).replace(";", "")
            + " user_%s=\"%s\";".formatted(SUPER_USER, passwordOf(SUPER_USER)));
    settings.put(
        "listener.name.external.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    Map<String, Object> superUser = trusting(certificates, "SASL_SSL");
    superUser.put("sasl.mechanism", "PLAIN");
    superUser.put("sasl.jaas.config", jaas(SUPER_USER));
    SecuredKafka kafka = new SecuredKafka(startWith(settings), certificates, superUser);
    kafka.know(users);
    return kafka;
  }

  /** One that asks for certificates, and takes a common name for a user's; keys as above. */
  public static SecuredKafka withCertificates(Path folder) throws Exception {
    Certificates certificates = new Certificates(folder);
    Map<String, Object> settings = settings(certificates, "SSL");
    settings.put("ssl.client.auth", "required");
    settings.put("ssl.principal.mapping.rules", "RULE:^CN=(.*?)$/$1/");
    Map<String, Object> superUser = trusting(certificates, "SSL");
    superUser.put("ssl.keystore.type", "PEM");
    superUser.put("ssl.keystore.location", settings.get("ssl.keystore.location"));
    return new SecuredKafka(startWith(settings), certificates, superUser);
  }

  private static KafkaClusterTestKit startWith(Map<String, Object> settings) throws Exception {
    var nodes =
        new TestKitNodes.Builder()
            .setCombined(true)
            .setNumBrokerNodes(1)
            .setNumControllerNodes(1)
            .build();
    var builder = new KafkaClusterTestKit.Builder(nodes);
    settings.forEach(builder::setConfigProp);
    KafkaClusterTestKit cluster = builder.build();
    cluster.format();
    cluster.startup();
    cluster.waitForReadyBrokers();
    return cluster;
  }

  private static Map<String, Object> settings(Certificates certificates, String protocol)
      throws Exception {
    Map<String, Object> settings = new TreeMap<>();
    settings.put(
        "listener.security.protocol.map", "EXTERNAL:" + protocol + ",CONTROLLER:PLAINTEXT");
    settings.put("ssl.keystore.type", "PEM");
    settings.put("ssl.keystore.location", certificates.issue(SUPER_USER).both().toString());
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", certificates.authority().toString());
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

  private static Map<String, Object> trusting(Certificates certificates, String protocol)
      throws Exception {
    Map<String, Object> settings = new TreeMap<>();
    settings.put("security.protocol", protocol);
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", certificates.authority().toString());
    return settings;
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

  /** Who vouches for the broker, and for who asks to be let in. */
  public Certificates certificates() {
    return certificates;
  }

  private void know(Collection<String> users) throws InterruptedException, ExecutionException {
    List<UserScramCredentialAlteration> passwords = new ArrayList<>();
    for (String user : users) {
      var info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, SCRAM_ITERATIONS);
      passwords.add(new UserScramCredentialUpsertion(user, info, passwordOf(user)));
    }
    try (Admin admin = admin()) {
      admin.alterUserScramCredentials(passwords).all().get();
    }
  }

  /** Allows what these say, as the broker's own user; returns when the broker knows. */
  public void allow(Collection<AclBinding> acls) throws InterruptedException, ExecutionException {
    try (Admin admin = admin()) {
      admin.createAcls(acls).all().get();
    }
  }

  private Admin admin() {
    Map<String, Object> settings = new TreeMap<>(superUser);
    settings.put("bootstrap.servers", bootstrapServers());
    return Admin.create(settings);
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
