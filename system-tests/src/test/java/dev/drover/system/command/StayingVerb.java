package dev.drover.system.command;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.applier.ImageFiles;
import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A verb that stays, run on threads of the test, with {@code --json}, on files of its choice. */
final class StayingVerb implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final StopSignals signals = StopSignals.fromInside();
  private final CompletableFuture<Integer> ended = new CompletableFuture<>();

  StayingVerb(String bootstrapServers, String prefix, ImageFiles files, Object... arguments) {
    Console console = new Console(stream(out), stream(err), false);
    Map<String, String> environment =
        Map.of("DROVER_BOOTSTRAP_SERVERS", bootstrapServers, "DROVER_PREFIX", prefix);
    Session session = new Session(console, environment, () -> signals, files);
    List<String> words = new ArrayList<>();
    for (Object argument : arguments) {
      words.add(argument.toString());
    }
    words.add("--json");
    Thread.ofPlatform()
        .name("drover")
        .start(
            () ->
                ended.complete(DroverCommand.line(session).execute(words.toArray(String[]::new))));
  }

  /** What it has said so far. */
  List<JsonNode> objects() {
    String said = out.toString(StandardCharsets.UTF_8);
    int complete = said.lastIndexOf('\n');
    return complete < 0
        ? List.of()
        : said.substring(0, complete).lines().map(Replicas::json).toList();
  }

  /** Waits until it says such a thing. */
  JsonNode awaitObject(Predicate<JsonNode> wanted) {
    return Await.value(PATIENCE, () -> first(wanted), this::said);
  }

  private Optional<JsonNode> first(Predicate<JsonNode> wanted) {
    return objects().stream().filter(wanted).findFirst();
  }

  String said() {
    return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
  }

  /** Asks it to stop, as SIGTERM does; its exit code. */
  int stop() {
    signals.request(Exit.TERMINATED);
    return ended.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    stop();
  }
}
