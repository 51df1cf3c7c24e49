package dev.drover.cli.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.StopSignals;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One call of the command inside the test's process: what it printed and how it ended. */
record Run(int exit, String out, String err) {
  static Run drover(String... args) {
    return drover(Map.of(), args);
  }

  static Run drover(Map<String, String> environment, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(stream(out), stream(err), false);
    Session session = new Session(console, environment, StopSignals::none);
    int exit = DroverCommand.line(session).execute(args);
    return new Run(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The last line of the data, which must be JSON. */
  JsonNode lastObject() {
    List<String> lines = out.lines().toList();
    return json(lines.getLast());
  }

  /** All of the data as one JSON document. */
  JsonNode document() {
    return json(out);
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
