package dev.drover.cli.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A process of the story; what it says is kept in the demo's folder. */
final class Child {

  private static final long PATIENCE_SECONDS = 40;

  private final String name;
  private final Process process;
  private final Path out;
  private final Path err;

  Child(String name, ProcessBuilder builder, Path folder) throws IOException {
    this.name = name;
    this.out = folder.resolve(name + ".out");
    this.err = folder.resolve(name + ".err");
    this.process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    process.getOutputStream().close();
  }

  /** What follows {@code prefix} on the first line of its output that starts so. */
  String awaitLine(String prefix) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      Optional<String> line =
          Files.readString(out).lines().filter(each -> each.startsWith(prefix)).findFirst();
      if (line.isPresent()) {
        return line.get().substring(prefix.length()).strip();
      }
      if (!process.isAlive() || System.nanoTime() > deadline) {
        throw new DemoFailure(name + " does not say '" + prefix.strip() + "': " + lastWords());
      }
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  /** Waits for its end; its standard output if that was a success. */
  String awaitSuccess() throws IOException, InterruptedException {
    int exit = awaitExit();
    if (exit != 0) {
      throw new DemoFailure(name + " ended with exit code " + exit + ": " + lastWords());
    }
    return Files.readString(out, StandardCharsets.UTF_8).strip();
  }

  private int awaitExit() throws InterruptedException, IOException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new DemoFailure(name + " does not end: " + lastWords());
    }
    return process.exitValue();
  }

  /** SIGTERM; it has to end in order, with exit code 0. */
  void stop() throws IOException, InterruptedException {
    process.destroy();
    awaitSuccess();
  }

  /** SIGKILL; it is gone when this returns. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  private String lastWords() throws IOException {
    return Files.readString(err, StandardCharsets.UTF_8)
        .lines()
        .reduce((_, last) -> last)
        .orElse("it said nothing");
  }
}
