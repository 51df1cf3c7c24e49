package dev.drover.system.command;

import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The classes of a gateway, parsed and verified once for all the processes that a test run starts:
 * each of them then starts in half the time. It changes nothing else, and a JVM that can't use it
 * runs without.
 */
final class ClassArchive {

  private static String options;

  private ClassArchive() {}

  /** Options for the JVM of a {@code drover}; empty while the archive is being made. */
  static synchronized String options() {
    if (options == null) {
      options = "";
      options = make();
    }
    return options;
  }

  /** One gateway that starts and stops; its JVM writes the archive as it ends. */
  private static String make() {
    try {
      Path folder = Files.createTempDirectory("drover-classes");
      Path archive = folder.resolve("classes.jsa");
      try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
        drover.call("volume", "create", "warm", "--size", "1M").expect(0);
        // The JVM reports what it can't archive on standard output, which is not its place here.
        DroverProcess gateway =
            drover.startWith(
                "-Xlog:disable -XX:ArchiveClassesAtExit=" + archive,
                "serve",
                "warm",
                "--image",
                drover.file("warm.qcow2"),
                "--listen",
                "127.0.0.1:0");
        gateway.awaitOutput("ready ");
        gateway.stop();
      }
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder), "class-archive"));
      return Files.exists(archive) ? "-Xlog:disable -XX:SharedArchiveFile=" + archive : "";
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      System.err.println(folder + " stays: " + e);
    }
  }
}
