import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Formats the Java files of the tree ({@code write}) or names those that are not formatted ({@code
 * check}), with google-java-format on the class path. A program of its own, run from source,
 * because Maven may run on a JDK too old for the formatter, and because a file list is needed.
 */
final class Format {

  private static final String HOW = "mvn -N -Pformat process-sources";

  public static void main(String[] args) throws Exception {
    if (args.length == 0 || !(args[0].equals("check") || args[0].equals("write"))) {
      System.err.println("usage: Format check|write [FILE…]");
      System.exit(2);
    }
    boolean write = args[0].equals("write");
    List<String> files = args.length > 1 ? List.of(args).subList(1, args.length) : allFiles();
    if (files.isEmpty()) {
      return;
    }
    List<String> command = new ArrayList<>();
    command.addAll(write ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    command.addAll(files);
    StringWriter unformatted = new StringWriter();
    PrintWriter out = new PrintWriter(unformatted);
    PrintWriter err = new PrintWriter(System.err, true);
    int code = new Main(out, err, System.in).format(command.toArray(String[]::new));
    out.flush();
    err.flush();
    if (code != 0) {
      System.err.print(unformatted.toString().indent(2));
      System.err.println("Not formatted (or not Java): the files above. To format all: " + HOW);
    }
    System.exit(code);
  }

  private static List<String> allFiles() throws IOException {
    List<String> found = new ArrayList<>();
    collect(Path.of("build"), found);
    try (Stream<Path> modules = Files.list(Path.of("."))) {
      for (Path module : modules.map(Path::normalize).sorted().toList()) {
        collect(module.resolve("src"), found);
      }
    }
    return found;
  }

  private static void collect(Path folder, List<String> into) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(folder)) {
      tree.filter(file -> file.toString().endsWith(".java"))
          .sorted()
          .forEach(file -> into.add(file.toString()));
    }
  }

  private Format() {}
}
