package dev.drover.system.command;

import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The packaged command under one topic prefix of one cluster, and a folder for what it writes.
 *
 * <p>Verbs that end are {@link #run}; those that stay ({@code serve}, {@code apply}) are {@link
 * #start}ed and killed or stopped by the test. Closing it kills what is still running.
 */
final class Drover implements AutoCloseable {

  /** How a verb that ends has ended. */
  record Outcome(List<String> command, int exit, String out, String err) {

    /** This outcome, if the exit code is the expected one. */
    Outcome expect(int code) {
      if (exit != code) {
        throw new AssertionError(
            command + " exited with " + exit + ", not " + code + "\n" + out + err);
      }
      return this;
    }
  }

  private static final long VERB_SECONDS = 120;

  /** Processes here live for seconds: what pays only later would take two thirds of their time. */
  private static final String QUICK_START = "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ";

  private final Path folder;
  private final String bootstrapServers;
  private final String prefix;
  private final List<DroverProcess> started = new ArrayList<>();
  private int outputs;

  Drover(EmbeddedKafka kafka, Path folder) {
    this(kafka.bootstrapServers(), EmbeddedKafka.freshPrefix(), folder);
  }

  Drover(String bootstrapServers, String prefix, Path folder) {
    this.bootstrapServers = bootstrapServers;
    this.prefix = prefix;
    this.folder = folder;
  }

  String prefix() {
    return prefix;
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  /** Runs a verb to its end. */
  Outcome run(Object... arguments) {
    List<String> command = command(arguments);
    Path out = output("out");
    Path err = output("err");
    try {
      Process process =
          builder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      process.getOutputStream().close();
      if (!process.waitFor(VERB_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " does not end\n" + text(out) + text(err));
      }
      return new Outcome(command, process.exitValue(), text(out), text(err));
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /**
   * Runs a verb to its end inside this process: what it says is the same, without the second that a
   * JVM takes to start. What it logs goes to this process's own standard error.
   */
  Outcome call(Object... arguments) {
    List<String> words = Stream.of(arguments).map(Object::toString).toList();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    Map<String, String> environment =
        Map.of("DROVER_BOOTSTRAP_SERVERS", bootstrapServers, "DROVER_PREFIX", prefix);
    Session session = new Session(console, environment, StopSignals::none);
    int exit = DroverCommand.line(session).execute(words.toArray(String[]::new));
    return new Outcome(
        words, exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Runs a verb that must succeed; what it printed on stdout, without the last line break. */
  String ok(Object... arguments) {
    return run(arguments).expect(0).out().strip();
  }

  /** Starts a verb that stays. */
  DroverProcess start(Object... arguments) {
    return start(builder(command(arguments)));
  }

  /** Starts a verb that stays, in a JVM with these options and no others. */
  DroverProcess startWith(String javaOptions, Object... arguments) {
    ProcessBuilder builder = builder(command(arguments));
    builder.environment().put("DROVER_JAVA_OPTS", javaOptions);
    return start(builder);
  }

  private DroverProcess start(ProcessBuilder builder) {
    DroverProcess process = DroverProcess.start(builder, output("out"), output("err"));
    started.add(process);
    return process;
  }

  /** Serves a volume and waits until it says where: an NBD URI. */
  Gateway serve(String volume, Path image, Object... more) {
    List<Object> arguments =
        new ArrayList<>(List.of("serve", volume, "--image", image, "--listen", "127.0.0.1:0"));
    arguments.addAll(List.of(more));
    DroverProcess process = start(arguments.toArray());
    return new Gateway(process, process.awaitOutput("ready ").substring("ready ".length()));
  }

  /** A serving gateway and its {@code nbd://} address. */
  record Gateway(DroverProcess process, String uri) {

    int port() {
      return java.net.URI.create(uri).getPort();
    }
  }

  private List<String> command(Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("drover.home"), "bin", "drover").toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return command;
  }

  private ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("DROVER_BOOTSTRAP_SERVERS", bootstrapServers);
    builder.environment().put("DROVER_PREFIX", prefix);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putIfAbsent("DROVER_JAVA_OPTS", QUICK_START + ClassArchive.options());
    return builder;
  }

  private Path output(String kind) {
    return folder.resolve("process-" + outputs++ + "." + kind);
  }

  static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    started.forEach(DroverProcess::kill);
  }
}
