package dev.drover.cli.http;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.drover.cli.terminal.Fields;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * {@code /livez} (does it make progress), {@code /readyz} (may it be relied on), {@code /metrics},
 * {@code /status} and a page for people. Read only; who may ask is not checked.
 *
 * <p>In a process of several volumes {@code ?volume=NAME} asks for one of them; 404 is answered for
 * one that is not here. Without it {@code /readyz} is about all, and says in a line each what is
 * wrong with whom; {@code /livez} fails only when no volume makes progress: whoever restarts a
 * process that is not alive would interrupt the others.
 */
public final class StatusServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NAMED = "volume=";

  private final HttpServer server;
  private final Supplier<List<FollowedVolume>> volumes;
  private final boolean many;
  private final PrometheusRegistry metrics = new PrometheusRegistry();

  private StatusServer(HttpServer server, Supplier<List<FollowedVolume>> volumes, boolean many) {
    this.server = server;
    this.volumes = volumes;
    this.many = many;
  }

  /**
   * For a process of one volume.
   *
   * @throws IOException when the address cannot be bound; the message names it
   */
  public static StatusServer ofOne(InetSocketAddress address, Supplier<FollowedVolume> volume)
      throws IOException {
    return start(address, () -> List.of(volume.get()), false);
  }

  /**
   * For a process of several volumes, which may come and go.
   *
   * @throws IOException when the address cannot be bound; the message names it
   */
  public static StatusServer ofMany(
      InetSocketAddress address, Supplier<List<FollowedVolume>> volumes) throws IOException {
    return start(address, volumes, true);
  }

  private static StatusServer start(
      InetSocketAddress address, Supplier<List<FollowedVolume>> volumes, boolean many)
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
    StatusServer status = new StatusServer(server, volumes, many);
    new ReplicaMetrics(volumes).register(status.metrics);
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
    route("/livez", ofAsked(this::answerLiveness));
    route("/readyz", ofAsked(this::answerReadiness));
    route("/metrics", this::answerMetrics);
    route("/status", ofAsked(this::answerStatus));
    route(
        "/",
        exchange -> {
          boolean root = exchange.getRequestURI().getPath().equals("/");
          String page = root ? StatusPage.render(volumes.get()) : "not found\n";
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

  /** What one path answers of the volumes that a request is about. */
  private interface VolumesAnswer {
    void to(HttpExchange exchange, List<FollowedVolume> asked) throws IOException;
  }

  /** A name that is not here is not found: a supervisor's typing mistake is never in order. */
  private Answer ofAsked(VolumesAnswer answer) {
    return exchange -> {
      List<FollowedVolume> here = volumes.get();
      Optional<String> name = askedName(exchange.getRequestURI().getQuery());
      if (name.isEmpty()) {
        answer.to(exchange, here);
        return;
      }
      List<FollowedVolume> asked =
          here.stream().filter(each -> each.volume().equals(name.get())).toList();
      if (asked.isEmpty()) {
        byte[] text = notHere(name.get(), here).getBytes(StandardCharsets.UTF_8);
        answer(exchange, 404, "text/plain; charset=utf-8", text);
      } else {
        answer.to(exchange, asked);
      }
    };
  }

  private static Optional<String> askedName(String query) {
    return Arrays.stream(query == null ? new String[0] : query.split("&"))
        .filter(each -> each.equals("volume") || each.startsWith(NAMED))
        .map(each -> each.startsWith(NAMED) ? each.substring(NAMED.length()) : "")
        .findFirst();
  }

  private static String notHere(String name, List<FollowedVolume> here) {
    String names = here.stream().map(FollowedVolume::volume).collect(Collectors.joining(", "));
    String those =
        switch (here.size()) {
          case 0 -> "there are none yet";
          case 1 -> "there is: " + names;
          default -> "there are: " + names;
        };
    return "no volume '%s' here; %s\n".formatted(name.replaceAll("\\R", " "), those);
  }

  private void answerLiveness(HttpExchange exchange, List<FollowedVolume> asked)
      throws IOException {
    long now = System.nanoTime();
    String trouble = troubles(asked, each -> each.livenessTrouble(now));
    boolean anyAlive = asked.stream().anyMatch(each -> each.livenessTrouble(now) == null);
    answerHealth(exchange, asked.isEmpty() || anyAlive, trouble);
  }

  private void answerReadiness(HttpExchange exchange, List<FollowedVolume> asked)
      throws IOException {
    String trouble = troubles(asked, FollowedVolume::readinessTrouble);
    answerHealth(exchange, trouble.isEmpty(), trouble);
  }

  private String troubles(List<FollowedVolume> asked, Function<FollowedVolume, String> trouble) {
    StringBuilder text = new StringBuilder();
    for (FollowedVolume each : asked) {
      String why = trouble.apply(each);
      if (why != null) {
        text.append(many ? each.volume() + ": " : "").append(why).append('\n');
      }
    }
    return text.toString();
  }

  private static void answerHealth(HttpExchange exchange, boolean well, String trouble)
      throws IOException {
    byte[] text = (trouble.isEmpty() ? "ok\n" : trouble).getBytes(StandardCharsets.UTF_8);
    answer(exchange, well ? 200 : 503, "text/plain; charset=utf-8", text);
  }

  private void answerStatus(HttpExchange exchange, List<FollowedVolume> asked) throws IOException {
    Fields fields =
        many
            ? Fields.of("volumes", asked.stream().map(v -> StatusFields.of(v).map()).toList())
            : StatusFields.of(asked.getFirst());
    answer(exchange, 200, "application/json", JSON.writeValueAsBytes(fields.map()));
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
