package dev.drover.qcow2.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * One deliberate defect, read from a patch:
 *
 * <pre>
 * Free a replaced cluster before its unlink is durable
 *
 * breaks: I-10                     what it does wrong, by docs/invariants.md
 * fails: I-01                      what a judge sees of it
 * run: replica cut xsx             where: a simulator, and what it is told
 *
 * --- qcow2-core/src/main/java/dev/drover/qcow2/core/WriteBatch.java
 * @@
 *      step = Step.LINKED;         lines that stand there
 * -    old                         lines taken out
 * +    new                         lines put in
 * </pre>
 *
 * <p>A hunk is found by its lines alone, wherever they are and however they are indented, and must
 * be found exactly once: a patch that no longer applies is an error, never a pass.
 *
 * @param name of the file, without its ending
 * @param breaks the invariant that the defect gives up
 * @param fails the one that a judge finds broken
 * @param run what {@link MutantTrial} is to run, with and without the defect
 */
public record Mutant(
    String name, String title, String breaks, String fails, String run, List<Edit> edits) {

  private static final String ENDING = ".patch";

  /**
   * The hunks for one source file.
   *
   * @param file below the project's root
   */
  public record Edit(String file, List<Hunk> hunks) {

    /** The class that the file is named after. */
    String className() {
      String path = file.substring(file.indexOf("java/") + "java/".length());
      return path.substring(0, path.length() - ".java".length()).replace('/', '.');
    }

    /** The source with the defect in it. */
    String apply(Path root) throws IOException {
      String source = Files.readString(root.resolve(file));
      for (Hunk hunk : hunks) {
        source = hunk.apply(source, file);
      }
      return source;
    }
  }

  /** Neighbouring lines, each with what becomes of it: ' ' stays, '-' goes, '+' comes. */
  public record Hunk(List<String> lines) {

    String apply(String source, String file) {
      List<String> code = source.lines().toList();
      List<String> before = text('+');
      int at = find(code, before, 0);
      if (at < 0) {
        throw new IllegalStateException(
            "the patch no longer applies: %s has no lines\n%s"
                .formatted(file, String.join("\n", before)));
      }
      if (find(code, before, at + 1) >= 0) {
        throw new IllegalStateException(
            "the patch is ambiguous: %s has more than once the lines\n%s"
                .formatted(file, String.join("\n", before)));
      }
      List<String> patched = new ArrayList<>(code.subList(0, at));
      patched.addAll(text('-'));
      patched.addAll(code.subList(at + before.size(), code.size()));
      return String.join("\n", patched);
    }

    private List<String> text(char without) {
      return lines.stream()
          .filter(line -> line.charAt(0) != without)
          .map(line -> line.substring(1))
          .toList();
    }

    private static int find(List<String> code, List<String> wanted, int from) {
      for (int at = from; at + wanted.size() <= code.size(); at++) {
        int same = 0;
        while (same < wanted.size()
            && code.get(at + same).strip().equals(wanted.get(same).strip())) {
          same++;
        }
        if (same == wanted.size()) {
          return at;
        }
      }
      return -1;
    }
  }

  /** Every mutant of a folder, by name. */
  public static List<Mutant> all(Path folder) throws IOException {
    List<Mutant> mutants = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(ENDING)).sorted().toList()) {
        mutants.add(read(file));
      }
    }
    return mutants;
  }

  static Mutant read(Path file) throws IOException {
    String name = file.getFileName().toString();
    List<String> lines = Files.readAllLines(file);
    List<Edit> edits = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith("--- ")) {
        edits.add(new Edit(line.substring("--- ".length()), new ArrayList<>()));
      } else if (!edits.isEmpty() && line.startsWith("@@")) {
        edits.getLast().hunks().add(new Hunk(new ArrayList<>()));
      } else if (!edits.isEmpty() && !line.isBlank()) {
        if (" +-".indexOf(line.charAt(0)) < 0 || edits.getLast().hunks().isEmpty()) {
          throw new IllegalArgumentException("%s:%d: not a line of a hunk".formatted(file, i + 1));
        }
        edits.getLast().hunks().getLast().lines().add(line);
      }
    }
    return new Mutant(
        name.substring(0, name.length() - ENDING.length()),
        lines.getFirst(),
        field(file, lines, "breaks: "),
        field(file, lines, "fails: "),
        field(file, lines, "run: "),
        List.copyOf(edits));
  }

  private static String field(Path file, List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()).strip())
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(file + ": no line \"" + key + "\""));
  }

  @Override
  public String toString() {
    return name;
  }
}
