package dev.drover.system.style;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The style rules hold in every module, and each of them can fail. */
final class StyleTest {

  private static final Path TREE = Path.of("..");

  @Test
  void filesMethodsAndLinesFitASitting() throws IOException {
    List<String> found = new ArrayList<>();
    for (Path file : sources()) {
      found.addAll(SourceRules.complaints(TREE.relativize(file), Files.readString(file)));
    }
    assertEquals(List.of(), found, () -> String.join("\n", found));
  }

  @Test
  void everyPackageSaysWhatItIsFor() throws IOException {
    Set<String> packages = new HashSet<>();
    Set<String> documented = new HashSet<>();
    for (Path file : sources()) {
      String name = packageOf(file);
      packages.add(name);
      if (file.endsWith("package-info.java") && Files.readString(file).contains("/**")) {
        documented.add(name);
      }
    }
    assertTrue(packages.size() > 6, () -> "only " + packages + " seen");
    assertEquals(List.of(), SourceRules.undocumented(packages, documented));
  }

  @Test
  void aPackageWithoutPackageInfoIsFound() {
    assertEquals(
        List.of("b: no package-info.java"),
        SourceRules.undocumented(Set.of("a", "b"), Set.of("a")));
  }

  @Test
  void aLongFileIsFound() throws IOException {
    String source = "class A {\n" + "\n".repeat(SourceRules.FILE_LINES_MAX) + "}\n";
    assertEquals(List.of("A.java:1: 702 lines, more than 700"), complaints(source));
  }

  @Test
  void aLongMethodIsFound() throws IOException {
    String source = "class A {\n  void b() {\n" + "\n".repeat(99) + "  }\n}\n";
    assertEquals(List.of("A.java:2: A.b has 101 lines"), complaints(source));
  }

  @Test
  void aLongLineIsFoundUnlessItCannotBeBroken() throws IOException {
    String word = "x".repeat(98);
    assertEquals(
        List.of("A.java:1: 104 characters, more than 100"),
        complaints("// a " + word + " b\n".strip() + "\n"));
    assertEquals(List.of(), complaints("import a." + word + ";\n// " + word + "\n"));
  }

  private static List<String> complaints(String source) throws IOException {
    return SourceRules.complaints(Path.of("A.java"), source);
  }

  private static String packageOf(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith("package "))
          .map(line -> line.substring("package ".length(), line.indexOf(';')))
          .findFirst()
          .orElse("(unnamed, " + file + ")");
    }
  }

  /** Every Java file below a module's {@code src}. */
  private static List<Path> sources() throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> modules = Files.list(TREE)) {
      for (Path src :
          modules.map(module -> module.resolve("src")).filter(Files::isDirectory).toList()) {
        try (Stream<Path> files = Files.walk(src)) {
          files.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
        }
      }
    }
    return found;
  }
}
