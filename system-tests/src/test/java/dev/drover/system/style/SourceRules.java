package dev.drover.system.style;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * What one source file may be. The house aims lower (500 lines a class, 70 a method); a test fails
 * only where a file is clearly past it, so that nobody splits a class to please a number.
 */
final class SourceRules {

  static final int FILE_LINES_MAX = 700;
  static final int METHOD_LINES_MAX = 100;
  static final int LINE_CHARS_MAX = 100;

  /**
   * Shared, because opening the JDK's own classes anew for each file costs more than parsing it.
   */
  private static final JavaFileManager FILES =
      ToolProvider.getSystemJavaCompiler().getStandardFileManager(null, null, null);

  /** A line that cannot be broken: an import, or a comment that is one long word. */
  private static final Pattern UNBREAKABLE =
      Pattern.compile("(package|import) .*|\\s*(//|\\*|/\\*\\*?) ?\\S+");

  /** The complaints about one file, each {@code file:line: what}. */
  static List<String> complaints(Path file, String source) throws IOException {
    List<String> found = new ArrayList<>();
    List<String> lines = source.lines().toList();
    if (lines.size() > FILE_LINES_MAX) {
      found.add(file + ":1: " + lines.size() + " lines, more than " + FILE_LINES_MAX);
    }
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      int chars = line.codePointCount(0, line.length());
      if (chars > LINE_CHARS_MAX && !UNBREAKABLE.matcher(line).matches()) {
        found.add(file + ":" + (i + 1) + ": " + chars + " characters, more than " + LINE_CHARS_MAX);
      }
    }
    found.addAll(longMethods(file, source));
    return found;
  }

  /** The folders with Java files but no package-info in any of {@code documented}. */
  static List<String> undocumented(Set<String> packages, Set<String> documented) {
    return packages.stream()
        .filter(name -> !documented.contains(name))
        .map(name -> name + ": no package-info.java")
        .sorted()
        .toList();
  }

  private static List<String> longMethods(Path file, String source) throws IOException {
    JavacTask task =
        (JavacTask)
            ToolProvider.getSystemJavaCompiler()
                .getTask(
                    null, FILES, _ -> {}, List.of("-proc:none"), null, List.of(memory(source)));
    SourcePositions positions = Trees.instance(task).getSourcePositions();
    List<String> found = new ArrayList<>();
    for (CompilationUnitTree unit : task.parse()) {
      LineMap map = unit.getLineMap();
      new TreePathScanner<Void, Void>() {
        @Override
        public Void visitMethod(MethodTree method, Void unused) {
          Tree body = method.getBody();
          if (body != null) {
            long from = map.getLineNumber(positions.getStartPosition(unit, body));
            long to = map.getLineNumber(positions.getEndPosition(unit, body));
            if (to - from + 1 > METHOD_LINES_MAX) {
              found.add(
                  "%s:%d: %s has %d lines".formatted(file, from, name(method), to - from + 1));
            }
          }
          return super.visitMethod(method, unused);
        }

        private String name(MethodTree method) {
          Tree owner = getCurrentPath().getParentPath().getLeaf();
          return (owner instanceof ClassTree type ? type.getSimpleName() + "." : "")
              + method.getName();
        }
      }.scan(unit, null);
    }
    return found;
  }

  private static JavaFileObject memory(String source) {
    return new SimpleJavaFileObject(URI.create("mem:/Source.java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return source;
      }
    };
  }

  private SourceRules() {}
}
