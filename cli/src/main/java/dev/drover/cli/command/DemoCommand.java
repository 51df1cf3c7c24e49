package dev.drover.cli.command;

import dev.drover.cli.demo.Demo;
import dev.drover.cli.session.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drover demo}. */
@Command(
    name = "demo",
    description = {
      "Shows the whole path on an embedded broker: write, replicate, fail, kill, recover, replay.",
      "Exits 0 only if every check held."
    })
final class DemoCommand implements Callable<Integer> {
  private final Session session;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Keep the files there (default: a temporary folder, removed on success).")
  private Path directory;

  DemoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    if (directory != null) {
      Files.createDirectories(directory);
      try (Stream<Path> inside = Files.list(directory)) {
        if (inside.findAny().isPresent()) {
          throw new java.nio.file.FileAlreadyExistsException(directory.toString());
        }
      }
      new Demo(session.console(), directory.toAbsolutePath()).run();
      return 0;
    }
    Path temporary = Files.createTempDirectory("drover-demo-");
    session.console().remark("files are in " + temporary);
    new Demo(session.console(), temporary).run();
    remove(temporary);
    return 0;
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
