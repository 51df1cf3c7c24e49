package dev.drover.system.matrix;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.cli.command.DroverCommand;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.StopSignals;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code drover image …}, called inside the test's process. */
record ImageVerb(int exit, String out, String err) {

  static ImageVerb run(Object... arguments) {
    List<String> all = new ArrayList<>(List.of("image"));
    for (Object argument : arguments) {
      all.add(argument.toString());
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console = new Console(stream(out), stream(err), false);
    Session session = new Session(console, Map.of(), StopSignals::none);
    int exit = DroverCommand.line(session).execute(all.toArray(String[]::new));
    return new ImageVerb(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  ImageVerb orFail() {
    if (exit != 0) {
      throw new AssertionError("exit code " + exit + ": " + out + err);
    }
    return this;
  }

  JsonNode json() throws IOException {
    return parse(out);
  }

  static JsonNode parse(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }
}
