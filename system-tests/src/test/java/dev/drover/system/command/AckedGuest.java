package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.system.acklog.AckLogClient;
import dev.drover.system.acklog.AckLogVerifier;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A guest in a process of its own that logs what it was promised, and reconnects by itself: see
 * {@link AckLogClient}. In the end the volume is held to that log.
 */
final class AckedGuest implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final URI uri;
  private final Path log;
  private final Path out;
  private final Process process;

  private AckedGuest(URI uri, Path log, Path out, Process process) {
    this.uri = uri;
    this.log = log;
    this.out = out;
    this.process = process;
  }

  /** Starts one; its log and what it says lie in {@code folder} under {@code name}. */
  static AckedGuest on(URI uri, Path folder, String name, long seed) throws IOException {
    Path log = folder.resolve(name + ".log");
    Path out = folder.resolve(name + ".out");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                AckLogClient.class.getName(),
                uri.toString(),
                log.toString(),
                "" + seed)
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    return new AckedGuest(uri, log, out, process);
  }

  /** Waits until it has logged that many lines more: a request sent, answered or failed each. */
  void awaitMore(long count) {
    long wanted = lines() + count;
    Await.until(
        PATIENCE,
        () -> {
          assertTrue(process.isAlive(), this::said);
          return lines() >= wanted;
        },
        () -> "the guest got no further than line " + lines() + " of " + wanted + "\n" + said());
  }

  /** How many lines its log has. */
  long lines() {
    if (!Files.exists(log)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(log)) {
      return lines.count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Lets everything in flight be answered; what it says it did. */
  String stop() throws IOException, InterruptedException {
    process.getOutputStream().close();
    assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), this::said);
    assertEquals(0, process.exitValue(), this::said);
    return said().strip();
  }

  /** Reads the volume where the guest had it, and holds it to the log. */
  AckLogVerifier.Report assertKept() throws IOException {
    return assertKept(uri);
  }

  /** Reads the volume where it is served now, and holds it to the log. */
  AckLogVerifier.Report assertKept(URI volume) throws IOException {
    AckLogVerifier.Report report = AckLogVerifier.verify(log, volume);
    assertEquals(List.of(), report.complaints(), report::toString);
    return report;
  }

  String said() {
    return Drover.text(out);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
