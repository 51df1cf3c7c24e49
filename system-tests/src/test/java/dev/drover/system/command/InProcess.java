package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.applier.ImageFiles;
import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The command inside this process, for what needs no SIGKILL: twenty verbs cost as much as one
 * process. Closing it stops what still runs, as SIGTERM would.
 */
final class InProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Map<String, String> environment;
  private final Path folder;
  private final List<Running> started = new ArrayList<>();

  InProcess(EmbeddedKafka kafka, Path folder) {
    this(
        Map.of(
            "DROVER_BOOTSTRAP_SERVERS",
            kafka.bootstrapServers(),
            "DROVER_PREFIX",
            EmbeddedKafka.freshPrefix()),
        folder);
  }

  InProcess(Map<String, String> environment, Path folder) {
    this.environment = Map.copyOf(environment);
    this.folder = folder;
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  /** Runs a verb to its end. */
  Drover.Outcome run(Object... arguments) {
    Call call = new Call(environment, ImageFiles.HOST, arguments);
    return call.outcome(call.execute());
  }

  /** Runs a verb that must succeed; what it printed on stdout, without the last line break. */
  String ok(Object... arguments) {
    return run(arguments).expect(0).out().strip();
  }

  /** Starts a verb that stays. */
  Running start(Object... arguments) {
    return startOn(ImageFiles.HOST, arguments);
  }

  /** The same, on image files of the test's choice. */
  Running startOn(ImageFiles files, Object... arguments) {
    Running running = new Running(new Call(environment, files, arguments));
    started.add(running);
    return running;
  }

  /** Serves a volume and waits until it says where: an NBD URI. */
  Running serve(String volume, Path image, Object... more) {
    List<Object> arguments =
        new ArrayList<>(List.of("serve", volume, "--image", image, "--listen", "127.0.0.1:0"));
    arguments.addAll(Arrays.asList(more));
    Running running = start(arguments.toArray());
    running.awaitOutput("ready ");
    return running;
  }

  @Override
  public void close() {
    started.forEach(Running::ask);
    started.forEach(Running::join);
  }

  /** One call of the command, with its own streams. */
  private static final class Call {
    private final List<String> command;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final StopSignals signals = StopSignals.none();
    private final Session session;

    Call(Map<String, String> environment, ImageFiles files, Object... arguments) {
      this.command = Arrays.stream(arguments).map(Object::toString).toList();
      this.session =
          new Session(
              new Console(stream(out), stream(err), false), environment, () -> signals, files);
    }

    int execute() {
      return DroverCommand.line(session).execute(command.toArray(String[]::new));
    }

    Drover.Outcome outcome(int exit) {
      return new Drover.Outcome(command, exit, text(out), text(err));
    }

    static String text(ByteArrayOutputStream bytes) {
      return bytes.toString(StandardCharsets.UTF_8);
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
      return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
  }

  /** A verb that stays until it is asked to go. */
  static final class Running {
    private final Call call;
    private final Thread thread;
    private volatile int exit = -1;

    private Running(Call call) {
      this.call = call;
      this.thread =
          Thread.ofPlatform()
              .name("drover-" + call.command.getFirst())
              .start(() -> exit = call.execute());
    }

    /** What it has said so far, stdout and stderr. */
    String said() {
      return Call.text(call.out) + Call.text(call.err);
    }

    /** The address that a gateway says it is ready at. */
    String uri() {
      return awaitOutput("ready ").substring("ready ".length());
    }

    /** The first line on stdout that starts so, as soon as it is there. */
    String awaitOutput(String start) {
      return Await.value(
          PATIENCE,
          () -> {
            Optional<String> line =
                Call.text(call.out).lines().filter(each -> each.startsWith(start)).findFirst();
            if (line.isEmpty() && !thread.isAlive()) {
              throw new AssertionError("ended with " + exit + "\n" + said());
            }
            return line;
          },
          () -> "no '" + start + "'\n" + said());
    }

    /** What a verb with {@code --json} has said so far. */
    List<JsonNode> objects() {
      String said = Call.text(call.out);
      int complete = said.lastIndexOf('\n');
      return complete < 0
          ? List.of()
          : said.substring(0, complete).lines().map(Replicas::json).toList();
    }

    /** Waits until it says such a thing. */
    JsonNode awaitObject(Predicate<JsonNode> wanted) {
      return Await.value(PATIENCE, () -> objects().stream().filter(wanted).findFirst(), this::said);
    }

    /** Waits until it has said something, on stdout or stderr. */
    void awaitSaid(String what) {
      Await.until(
          PATIENCE,
          () -> {
            if (!thread.isAlive() && !said().contains(what)) {
              throw new AssertionError("ended with " + exit + "\n" + said());
            }
            return said().contains(what);
          },
          () -> "no '" + what + "'\n" + said());
    }

    /** As SIGTERM; the verb must end with 0. */
    void stop() {
      assertEquals(0, end(), said());
    }

    /** As SIGTERM; the exit code. */
    int end() {
      ask();
      join();
      return exit;
    }

    /** Waits for it to end by itself. */
    Drover.Outcome await() {
      join();
      return call.outcome(exit);
    }

    private void ask() {
      call.signals.request(Exit.TERMINATED);
    }

    private void join() {
      try {
        if (!thread.join(PATIENCE)) {
          throw new AssertionError("still running\n" + said());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }
}
