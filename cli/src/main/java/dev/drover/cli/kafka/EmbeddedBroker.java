package dev.drover.cli.kafka;

import dev.drover.cli.kafka.BrokerFailure.Cause;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * One KRaft node, broker and controller in one, that keeps its data in a directory and starts again
 * on it. It is the same code that a production broker runs; only its settings are those of a single
 * node: nothing can be replicated, so what it promises is one disk's worth.
 */
public final class EmbeddedBroker implements AutoCloseable {
  private static final String BROKER = "PLAINTEXT";
  private static final String CONTROLLER = "CONTROLLER";
  private static final int NODE_ID = 1;
  private static final int PORT_TRIES = 5;
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final KafkaRaftServer server;
  private final FileChannel lock;
  private final String host;
  private final int port;

  private EmbeddedBroker(KafkaRaftServer server, FileChannel lock, String host, int port) {
    this.server = server;
    this.lock = lock;
    this.host = host;
    this.port = port;
  }

  /**
   * Where the broker listens and what clients are told to connect to.
   *
   * @param bindHost the interface
   * @param port 0 picks a free one
   * @param advertisedHost the name in the broker's own answers
   */
  public record Address(String bindHost, int port, String advertisedHost) {
    /** Only for this machine. */
    public static Address loopback(int port) {
      return new Address("127.0.0.1", port, "127.0.0.1");
    }
  }

  /** Starts it and returns once it answers a client. */
  public static EmbeddedBroker start(Path directory, Address address)
      throws BrokerFailure, InterruptedException {
    Path logs = prepared(directory);
    FileChannel lock = lock(directory);
    try {
      return start(logs, address, lock);
    } catch (BrokerFailure | InterruptedException | RuntimeException e) {
      release(lock);
      throw e;
    }
  }

  private static EmbeddedBroker start(Path logs, Address address, FileChannel lock)
      throws BrokerFailure, InterruptedException {
    for (int tries = 1; ; tries++) {
      // Kafka wants both ports in its configuration, so a free one is found first; another program
      // may take it before Kafka does, hence the loop.
      int brokerPort = address.port() == 0 ? freePort(address.bindHost()) : address.port();
      if (address.port() != 0) {
        checkFree(address.bindHost(), brokerPort);
      }
      Properties settings = settings(logs, address, brokerPort, freePort("127.0.0.1"));
      KafkaRaftServer server = null;
      try {
        format(logs);
        server = new KafkaRaftServer(new KafkaConfig(settings, false), Time.SYSTEM);
        server.startup();
        EmbeddedBroker broker =
            new EmbeddedBroker(server, lock, address.advertisedHost(), brokerPort);
        broker.awaitAnswer();
        return broker;
      } catch (BrokerFailure e) {
        stopQuietly(server);
        throw e;
      } catch (Exception e) {
        stopQuietly(server);
        BrokerFailure failure = explained(e, logs, brokerPort);
        if (failure.reason() != Cause.PORT_IN_USE || tries == PORT_TRIES) {
          throw failure;
        }
      }
    }
  }

  /** HOST:PORT as clients give it. */
  public String address() {
    return host + ":" + port;
  }

  /** Stops it in order: logs flushed, so that the next start has nothing to recover. */
  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
    release(lock);
  }

  /**
   * Kafka's own lock comes too late: a combined node opens and recovers its metadata log before it
   * takes the lock, which ruins the node that is running there. So this one is taken first.
   */
  private static FileChannel lock(Path directory) throws BrokerFailure {
    Path file = directory.resolve("broker.lock");
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (locked(channel)) {
        return channel;
      }
      channel.close();
    } catch (IOException e) {
      throw new BrokerFailure(
          Cause.DIRECTORY_UNUSABLE, "%s cannot be locked: %s".formatted(file, e.getMessage()), e);
    }
    throw new BrokerFailure(
        Cause.DIRECTORY_IN_USE,
        "broker directory %s is in use by another broker".formatted(directory),
        null);
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // by another broker of this same process
    }
  }

  private static void release(FileChannel lock) {
    try {
      lock.close();
    } catch (IOException e) {
      // Closing is all that could be done; the lock goes with the process.
    }
  }

  private static Path prepared(Path directory) throws BrokerFailure {
    try {
      return Files.createDirectories(directory.resolve("kafka")).toAbsolutePath();
    } catch (IOException e) {
      throw new BrokerFailure(
          Cause.DIRECTORY_UNUSABLE,
          "broker directory %s cannot be used: %s".formatted(directory, e),
          e);
    }
  }

  private static void format(Path logs) throws Exception {
    Formatter formatter = new Formatter();
    formatter
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .setNodeId(NODE_ID)
        .setClusterId(clusterId(logs))
        .addDirectory(logs.toString())
        .setMetadataLogDirectory(logs.toString())
        .setReleaseVersion(MetadataVersion.latestProduction())
        .setControllerListenerName(CONTROLLER)
        .setIgnoreFormatted(true)
        .run();
  }

  /**
   * A directory that has been formatted keeps its id: that is how the broker starts again on it.
   */
  private static String clusterId(Path logs) throws IOException {
    Path stored = logs.resolve("meta.properties");
    Properties meta = new Properties();
    if (Files.exists(stored)) {
      try (var reader = Files.newBufferedReader(stored)) {
        meta.load(reader);
      }
    }
    return meta.getProperty("cluster.id", Uuid.randomUuid().toString());
  }

  private static Properties settings(
      Path logs, Address address, int brokerPort, int controllerPort) {
    Properties settings = new Properties();
    settings.putAll(
        Map.of(
            "process.roles",
            "broker,controller",
            "node.id",
            Integer.toString(NODE_ID),
            "controller.listener.names",
            CONTROLLER,
            "inter.broker.listener.name",
            BROKER,
            "controller.quorum.voters",
            NODE_ID + "@127.0.0.1:" + controllerPort,
            "log.dirs",
            logs.toString()));
    settings.put(
        "listeners",
        "%s://%s:%d,%s://127.0.0.1:%d"
            .formatted(BROKER, address.bindHost(), brokerPort, CONTROLLER, controllerPort));
    settings.put(
        "advertised.listeners",
        "%s://%s:%d".formatted(BROKER, address.advertisedHost(), brokerPort));
    settings.put(
        "listener.security.protocol.map", BROKER + ":PLAINTEXT," + CONTROLLER + ":PLAINTEXT");
    // One node holds the only copy of everything.
    for (String topic : new String[] {"offsets.topic", "transaction.state.log"}) {
      settings.put(topic + ".replication.factor", "1");
      settings.put(topic + ".num.partitions", "4");
    }
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("share.coordinator.state.topic.replication.factor", "1");
    settings.put("share.coordinator.state.topic.min.isr", "1");
    settings.put("share.coordinator.state.topic.num.partitions", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    settings.put("auto.create.topics.enable", "false");
    settings.put("num.recovery.threads.per.data.dir", "2");
    settings.put("log.cleaner.dedupe.buffer.size", Integer.toString(8 << 20));
    // After a kill -9 the controller waits this long before it lets the same node register again.
    settings.put("broker.session.timeout.ms", "3000");
    settings.put("broker.heartbeat.interval.ms", "500");
    return settings;
  }

  /** A started server is not yet one that answers: the broker must also be unfenced. */
  private void awaitAnswer() throws BrokerFailure, InterruptedException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    Map<String, Object> settings =
        Map.of(
            AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, address(),
            AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 2_000,
            AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 4_000);
    try (Admin admin = Admin.create(settings)) {
      while (System.nanoTime() < deadline) {
        try {
          if (!admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).isEmpty()) {
            return;
          }
        } catch (ExecutionException | TimeoutException e) {
          // Not yet: asked again until the deadline.
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
    throw new BrokerFailure(
        Cause.DID_NOT_ANSWER,
        "the broker on %s did not answer within %d s".formatted(address(), START_LIMIT.toSeconds()),
        null);
  }

  private static BrokerFailure explained(Exception e, Path logs, int port) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      String text = String.valueOf(cause.getMessage());
      if (cause instanceof java.net.BindException || text.contains("failed to bind")) {
        return new BrokerFailure(Cause.PORT_IN_USE, "port %d is in use".formatted(port), e);
      }
    }
    return new BrokerFailure(
        Cause.DIRECTORY_UNUSABLE, "the broker could not start in %s: %s".formatted(logs, e), e);
  }

  private static void stopQuietly(KafkaRaftServer server) {
    if (server != null) {
      try {
        server.shutdown();
      } catch (RuntimeException e) {
        // It never ran; the failure that brought us here is the one to report.
      }
    }
  }

  private static int freePort(String host) throws BrokerFailure {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(host, 0));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new BrokerFailure(Cause.PORT_IN_USE, "no free port on %s: %s".formatted(host, e), e);
    }
  }

  private static void checkFree(String host, int port) throws BrokerFailure {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new BrokerFailure(
          Cause.PORT_IN_USE,
          "%s:%d cannot be listened on: %s".formatted(host, port, e.getMessage()),
          e);
    }
  }
}
