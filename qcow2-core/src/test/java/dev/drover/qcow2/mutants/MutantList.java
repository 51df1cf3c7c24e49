package dev.drover.qcow2.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Holds docs/mutations.md to the patches: what is listed there is what runs. */
public final class MutantList {

  private MutantList() {}

  /**
   * Every mutant of the module has its row, and every row its mutant.
   *
   * @param root the project's folder
   * @param module its folder there
   */
  public static void assertListed(Path root, String module) throws IOException {
    String folder = module + "/src/test/mutants";
    List<String> expected =
        Mutant.all(root.resolve(folder)).stream().map(mutant -> row(folder, mutant)).toList();
    List<String> listed =
        Files.readAllLines(root.resolve("docs/mutations.md")).stream()
            .filter(line -> line.contains("](../" + folder))
            .toList();
    if (!listed.equals(expected)) {
      throw new AssertionError(
          "docs/mutations.md must list exactly:\n" + String.join("\n", expected));
    }
  }

  private static String row(String folder, Mutant mutant) {
    return "| [%s](../%s/%s.patch) | %s | %s | %s | `%s` |"
        .formatted(
            mutant.name(),
            folder,
            mutant.name(),
            mutant.title(),
            mutant.breaks(),
            mutant.fails(),
            mutant.run());
  }
}
