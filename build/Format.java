import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Formats the Java files of the tree ({@code write}) or names those that are not formatted ({@code
 * check}), with google-java-format on the class path. A program of its own, run from source,
 * because Maven may run on a JDK too old for the formatter, and because a file list is needed.
 *
 * <p>Files found formatted are remembered by time and size below target, so that the next call
 * looks at changed ones only; a clean build looks at all.
 */
final class Format {

  private static final String HOW = "mvn -N -Pformat process-sources";
  private static final Path FORMATTER = Path.of("target/tools/google-java-format.jar");
  private static final Path KNOWN = Path.of("target/tools/formatted");

  public static void main(String[] args) throws IOException {
    if (args.length != 1 || !(args[0].equals("check") || args[0].equals("write"))) {
      System.err.println("usage: Format check|write");
      System.exit(2);
    }
    List<Path> all = javaFiles();
    Set<String> known = new HashSet<>();
    if (Files.exists(KNOWN)) {
      known.addAll(Files.readAllLines(KNOWN));
    }
    List<Path> changed = new ArrayList<>();
    for (Path file : all) {
      if (!known.contains(fingerprint(file))) {
        changed.add(file);
      }
    }
    if (!changed.isEmpty() && !run(args[0].equals("write"), changed)) {
      System.exit(1);
    }
    List<String> formatted = new ArrayList<>();
    for (Path file : all) {
      formatted.add(fingerprint(file));
    }
    Files.write(KNOWN, formatted);
  }

  private static boolean run(boolean write, List<Path> files) {
    List<String> command = new ArrayList<>();
    command.addAll(write ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    files.forEach(file -> command.add(file.toString()));
    StringWriter unformatted = new StringWriter();
    PrintWriter out = new PrintWriter(unformatted);
    PrintWriter err = new PrintWriter(System.err, true);
    int code;
    try {
      code = new Main(out, err, System.in).format(command.toArray(String[]::new));
    } catch (Exception e) {
      throw new IllegalStateException("google-java-format failed", e);
    }
    if (code != 0) {
      System.err.print(unformatted.toString().indent(2));
      System.err.println("Not formatted (or not Java): the files above. To format all: " + HOW);
    }
    return code == 0;
  }

  /** One line that changes with the file and with the formatter. */
  private static String fingerprint(Path file) throws IOException {
    return file
        + " "
        + Files.getLastModifiedTime(file)
        + " "
        + Files.size(file)
        + " "
        + Files.size(FORMATTER);
  }

  private static List<Path> javaFiles() throws IOException {
    List<Path> found = new ArrayList<>();
    collect(Path.of("build"), found);
    try (Stream<Path> modules = Files.list(Path.of(""))) {
      for (Path module : modules.sorted().toList()) {
        collect(module.resolve("src"), found);
      }
    }
    return found;
  }

  private static void collect(Path folder, List<Path> into) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(folder)) {
      tree.filter(file -> file.toString().endsWith(".java")).sorted().forEach(into::add);
    }
  }

  private Format() {}
}
