package dev.drover.qcow2.exhaustive;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Which chunks are done, a line each, so that an interrupted run goes on where it was:
 *
 * <pre>
 *   # seed 1, code 5d41402a
 *   CUT used wWx 3 wW = 17 0 4711 12
 * </pre>
 *
 * <p>Results count for the code and the seed that they were found with: with others it begins anew.
 * A line that was cut off is not taken for one.
 */
final class Progress {

  private static final String END = " ;";

  private final Path file;
  private final Set<String> done = new HashSet<>();
  private final Tally before = new Tally();

  private Progress(Path file) {
    this.file = file;
  }

  static Progress open(Path file, long seed) throws IOException {
    Progress progress = new Progress(file);
    String head = "# seed " + seed + ", code " + codeOnClassPath();
    if (Files.exists(file) && Files.readAllLines(file).getFirst().equals(head)) {
      Files.readAllLines(file).forEach(progress::read);
    } else {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, head + "\n");
    }
    return progress;
  }

  /** Changes whenever the image's code or the simulator's does. */
  private static String codeOnClassPath() throws IOException {
    CRC32 crc = new CRC32();
    for (Class<?> each : List.of(dev.drover.qcow2.Qcow2Image.class, Progress.class)) {
      Path root = Path.of(location(each));
      if (Files.isDirectory(root)) {
        try (Stream<Path> files = Files.walk(root)) {
          for (Path path : files.filter(p -> p.toString().endsWith(".class")).sorted().toList()) {
            crc.update(Files.readAllBytes(path));
          }
        }
      } else {
        crc.update(Files.readAllBytes(root));
      }
    }
    return Long.toHexString(crc.getValue());
  }

  private static URI location(Class<?> type) throws IOException {
    try {
      return type.getProtectionDomain().getCodeSource().getLocation().toURI();
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  private void read(String line) {
    int equals = line.indexOf(" = ");
    if (equals < 0 || !line.endsWith(END)) {
      return;
    }
    String[] n = line.substring(equals + 3, line.length() - END.length()).split(" ");
    before.add(
        Long.parseLong(n[0]), Long.parseLong(n[1]), Long.parseLong(n[2]), Long.parseLong(n[3]));
    done.add(line.substring(0, equals));
  }

  /** What earlier runs have done. */
  Tally before() {
    return before;
  }

  boolean isDone(Part.Chunk chunk) {
    return done.contains(chunk.toString());
  }

  synchronized void done(Part.Chunk chunk, Tally tally) throws IOException {
    String line =
        "\n%s = %d %d %d %d%s\n"
            .formatted(
                chunk,
                tally.sequences(),
                tally.faults(),
                tally.states(),
                tally.recoveryStates(),
                END);
    Files.writeString(file, line, StandardOpenOption.APPEND);
  }
}
