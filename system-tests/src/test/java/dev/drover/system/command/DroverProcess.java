package dev.drover.system.command;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A {@code drover} that stays until it is told to go, or killed. */
final class DroverProcess {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Process process;
  private final Path out;
  private final Path err;

  private DroverProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  static DroverProcess start(ProcessBuilder builder, Path out, Path err) {
    try {
      Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      process.getOutputStream().close();
      return new DroverProcess(process, out, err);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** What it has said so far, stdout and stderr. */
  String said() {
    return Drover.text(out) + Drover.text(err);
  }

  /** The first line on stdout that starts so, as soon as it is there. */
  String awaitOutput(String start) {
    return Await.value(
        PATIENCE,
        () -> {
          Optional<String> line =
              Drover.text(out).lines().filter(each -> each.startsWith(start)).findFirst();
          if (line.isEmpty() && !process.isAlive()) {
            throw new AssertionError(
                "ended with " + process.exitValue() + " before '" + start + "'\n" + said());
          }
          return line;
        },
        () -> "no '" + start + "' from a live process\n" + said());
  }

  /** Waits until it has said something, on stdout or stderr. */
  void awaitSaid(String what) {
    Await.until(
        PATIENCE,
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError("ended with " + process.exitValue() + "\n" + said());
          }
          return said().contains(what);
        },
        () -> "no '" + what + "'\n" + said());
  }

  /** SIGKILL; returns when it is gone. */
  void kill() {
    process.destroyForcibly();
    await(Duration.ofSeconds(20));
  }

  /** SIGTERM; the exit code, due within 30 s. */
  int stop() {
    process.destroy();
    return await(Duration.ofSeconds(30));
  }

  /** Waits for it to end by itself; the exit code. */
  int await(Duration patience) {
    try {
      if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError("still running after " + patience + "\n" + said());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
