package dev.drover.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.cli.Drover;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the command's verbs as processes of this same JVM and class path. */
final class Children implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final List<Child> all = new ArrayList<>();
  private String bootstrapServers = "";
  private int verbs;

  Children(Path folder) {
    this.folder = folder;
  }

  void bootstrapServers(String servers) {
    bootstrapServers = servers;
  }

  /** Starts a verb that stays. */
  Child start(String name, Object... arguments) throws IOException {
    return start(name, Drover.class, arguments);
  }

  Child start(String name, Class<?> main, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name1 -> name1.startsWith("DROVER_"));
    if (!bootstrapServers.isEmpty()) {
      builder.environment().put("DROVER_BOOTSTRAP_SERVERS", bootstrapServers);
    }
    Child child = new Child(name, builder, folder);
    all.add(child);
    return child;
  }

  /** Runs a verb to its end; the last JSON object that it printed, null if it printed nothing. */
  JsonNode run(Object... arguments) throws IOException, InterruptedException {
    List<Object> withJson = new ArrayList<>(List.of(arguments));
    withJson.add("--json");
    String name = "verb-%02d-%s".formatted(++verbs, arguments[0]);
    String out = start(name, withJson.toArray()).awaitSuccess();
    return out.isEmpty() ? null : JSON.readTree(out.lines().toList().getLast());
  }

  @Override
  public void close() {
    for (Child child : all.reversed()) {
      if (child.isAlive()) {
        child.kill();
      }
    }
  }
}
