package dev.drover.qcow2.sim;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Which chunks of a long simulation are done, and what was counted in each, a line each, so that an
 * interrupted run goes on where it was:
 *
 * <pre>
 *   # seed 1, code 5d41402a
 *   CUT used wWx 3 wW = 17 0 4711 12
 * </pre>
 *
 * <p>Results count for the code and the seed that they were found with: with others it begins anew.
 * A line that was cut off is not taken for one.
 */
public final class Progress {

  private static final String END = " ;";

  private final Path file;
  private final Set<String> done = new HashSet<>();
  private final List<long[]> before = new ArrayList<>();

  private Progress(Path file) {
    this.file = file;
  }

  /**
   * Reads a file, or begins it.
   *
   * @param code classes whose jars or folders hold the code that is simulated and that simulates
   */
  public static Progress open(Path file, long seed, Class<?>... code) throws IOException {
    Progress progress = new Progress(file);
    String head = "# seed " + seed + ", code " + checksum(code);
    if (Files.exists(file) && Files.readAllLines(file).getFirst().equals(head)) {
      Files.readAllLines(file).forEach(progress::read);
    } else {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, head + "\n");
    }
    return progress;
  }

  /** Changes whenever that code does. */
  private static String checksum(Class<?>... code) throws IOException {
    CRC32 crc = new CRC32();
    for (Class<?> each : code) {
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
    before.add(Arrays.stream(n).mapToLong(Long::parseLong).toArray());
    done.add(line.substring(0, equals));
  }

  /** What earlier runs have counted, chunk by chunk. */
  public List<long[]> before() {
    return before;
  }

  public boolean isDone(String chunk) {
    return done.contains(chunk);
  }

  /** A chunk is done; any thread. */
  public synchronized void done(String chunk, long... counts) throws IOException {
    String numbers =
        Arrays.stream(counts).mapToObj(Long::toString).collect(Collectors.joining(" "));
    Files.writeString(
        file, "\n%s = %s%s\n".formatted(chunk, numbers, END), StandardOpenOption.APPEND);
  }
}
