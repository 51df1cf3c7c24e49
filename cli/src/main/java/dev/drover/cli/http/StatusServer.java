package dev.drover.cli.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.drover.applier.ReplicaReport;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.nbd.GatewayStats;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * {@code /livez} (does it make progress), {@code /readyz} (may it be relied on), {@code /metrics},
 * {@code /status} and a page for people. Read only; who may ask is not checked.
 */
public final class StatusServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** An idle engine still steps several times a second; a retry waits less than this. */
  static final Duration STUCK = Duration.ofSeconds(60);

  private final HttpServer server;
  private final Supplier<ReplicaReport> replica;
  private final Supplier<GatewayStats> gateway;
  private final PrometheusRegistry metrics = new PrometheusRegistry();

  private StatusServer(
      HttpServer server, Supplier<ReplicaReport> replica, Supplier<GatewayStats> gateway) {
    this.server = server;
    this.replica = replica;
    this.gateway = gateway;
  }

  /** For a replica alone. */
  public static StatusServer start(InetSocketAddress address, Supplier<ReplicaReport> replica)
      throws IOException {
    return start(address, replica, null);
  }

  /**
   * For a gateway and its replica.
   *
   * @param gateway null when there is none
   * @throws IOException when the address cannot be bound; the message names it
   */
  public static StatusServer start(
      InetSocketAddress address, Supplier<ReplicaReport> replica, Supplier<GatewayStats> gateway)
      throws IOException {
    if (address.isUnresolved()) {
      throw new IOException(
          "cannot serve HTTP on " + address.getHostString() + ": the name does not resolve");
    }
    HttpServer server;
    try {
      server = HttpServer.create(address, 0);
    } catch (IOException e) {
      throw new IOException(
          "cannot serve HTTP on %s:%d: %s"
              .formatted(address.getHostString(), address.getPort(), e.getMessage()),
          e);
    }
    StatusServer status = new StatusServer(server, replica, gateway);
    new ReplicaMetrics(replica, gateway).register(status.metrics);
    status.routes();
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    return status;
  }

  /** Where it listens. */
  public URI uri() {
    InetSocketAddress bound = server.getAddress();
    String host = bound.getAddress().isAnyLocalAddress() ? "127.0.0.1" : bound.getHostString();
    return URI.create("http://" + host + ":" + bound.getPort() + "/");
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void routes() {
    route("/livez", exchange -> answerHealth(exchange, livenessTrouble(replica.get())));
    route("/readyz", exchange -> answerHealth(exchange, readinessTrouble(replica.get())));
    route("/metrics", this::answerMetrics);
    route(
        "/status",
        exchange ->
            answer(
                exchange,
                200,
                "application/json",
                JSON.writeValueAsBytes(StatusFields.of(replica.get(), gateway).map())));
    route(
        "/",
        exchange -> {
          boolean root = exchange.getRequestURI().getPath().equals("/");
          String page = root ? StatusPage.render(replica.get()) : "not found\n";
          answer(
              exchange,
              root ? 200 : 404,
              root ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
              page.getBytes(StandardCharsets.UTF_8));
        });
  }

  /** What one path answers. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private void route(String path, Answer answer) {
    server.createContext(
        path,
        exchange -> {
          try (exchange) {
            String method = exchange.getRequestMethod();
            if (method.equals("GET") || method.equals("HEAD")) {
              answer.to(exchange);
            } else {
              exchange.getResponseHeaders().set("Allow", "GET, HEAD");
              exchange.sendResponseHeaders(405, -1);
            }
          }
        });
  }

  /** Null when it makes progress. */
  static String livenessTrouble(ReplicaReport report) {
    long silent = System.nanoTime() - report.lastProgressNanos();
    return silent > STUCK.toNanos()
        ? "no step completed for " + Duration.ofNanos(silent).toSeconds() + " s"
        : null;
  }

  /** Null when it may be relied on: it follows, however far behind; else why not. */
  static String readinessTrouble(ReplicaReport report) {
    State state = report.state();
    return switch (state) {
      case RUNNING -> null;
      case CATCHING_UP ->
          report.visibleOffset() < report.gateOffset()
              ? "CATCHING_UP: recovering up to offset " + report.gateOffset()
              : null;
      case STARTING, STALLED, STOPPED -> state.name();
      case FAULTED ->
          report
              .fault()
              .map(fault -> "FAULTED: " + fault.reason() + "; " + fault.hint())
              .orElse("FAULTED");
    };
  }

  private static void answerHealth(HttpExchange exchange, String trouble) throws IOException {
    byte[] text = (trouble == null ? "ok\n" : trouble + "\n").getBytes(StandardCharsets.UTF_8);
    answer(exchange, trouble == null ? 200 : 503, "text/plain; charset=utf-8", text);
  }

  private void answerMetrics(HttpExchange exchange) throws IOException {
    PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    writer.write(text, metrics.scrape(), EscapingScheme.DEFAULT);
    answer(exchange, 200, writer.getContentType(), text.toByteArray());
  }

  private static void answer(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }
}
