package dev.drover.cli.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException;
import dev.drover.cli.session.FailureReport;
import dev.drover.cli.terminal.Exit;
import dev.drover.journal.JournalException;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** docs/operating.md has one table of failures; this holds the code to it, and it to the code. */
final class FailureTableTest {
  private static final Pattern CODE = Pattern.compile("`([A-Z][A-Z0-9_]+)`");

  /** A code given as a text: where a failure or a fault is made. */
  private static final Pattern IN_SOURCE =
      Pattern.compile(
          "(?:CommandFailure\\.\\w+\\(|new CommandFailure\\(|report\\(|new Fault\\()\\s*"
              + "(?:Exit\\.\\w+(?:\\.code\\(\\))?,\\s*)?\"([A-Z][A-Z0-9_]+)\"");

  /** States and rows that are no failure of their own. */
  private static final Set<String> NO_CODE = Set.of("STALLED");

  /** One line of the table. */
  private record Row(String kind, String state, String exit, String again, String hint) {}

  private final Map<String, Row> table = new HashMap<>();

  private static Path root() {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve("docs/operating.md"))) {
      at = at.getParent();
    }
    return at;
  }

  @BeforeEach
  void readTable() throws IOException {
    for (String line : Files.readAllLines(root().resolve("docs/operating.md"))) {
      String[] cells = line.split("\\|");
      if (cells.length == 8 && cells[1].strip().startsWith("`")) {
        Row row =
            new Row(
                cells[2].strip(),
                cells[3].strip(),
                cells[4].strip(),
                cells[5].strip(),
                cells[7].strip());
        Matcher codes = CODE.matcher(cells[1]);
        while (codes.find()) {
          assertNull(table.put(codes.group(1), row), codes.group(1) + " has two rows");
        }
      }
    }
  }

  private static List<Exception> failures() {
    List<Exception> all = new ArrayList<>();
    for (Qcow2Exception.Code code : Qcow2Exception.Code.values()) {
      all.add(new Qcow2Exception(code, "i", "what", "hint"));
    }
    for (JournalException.Code code : JournalException.Code.values()) {
      all.add(new JournalException(code, "what"));
    }
    for (ApplierException.Code code : ApplierException.Code.values()) {
      all.add(new ApplierException(code, "what", "hint"));
    }
    all.add(new DiskFullException("i", new IOException("full")));
    return all;
  }

  private static Set<String> codesInSources() throws IOException {
    Set<String> codes = new TreeSet<>();
    for (String module : List.of("applier", "cli")) {
      try (Stream<Path> files = Files.walk(root().resolve(module + "/src/main/java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          Matcher found = IN_SOURCE.matcher(Files.readString(file));
          while (found.find()) {
            codes.add(found.group(1));
          }
        }
      }
    }
    return codes;
  }

  private Row row(String code) {
    Row row = table.get(code);
    assertNotNull(row, code + " has no row in docs/operating.md");
    return row;
  }

  @Test
  void everyCodeHasItsExitCodeInTheTable() throws IOException {
    for (Exception failure : failures()) {
      var report = FailureReport.of(failure);
      String exit = row(report.code()).exit();
      assertTrue(
          exit.equals("*") || exit.equals(Integer.toString(report.exit())),
          report.code() + " exits with " + report.exit() + ", the table says " + exit);
    }
    for (String code : codesInSources()) {
      row(code);
    }
  }

  @Test
  void theTableNamesNoCodeThatIsGone() throws IOException {
    Set<String> known = codesInSources();
    failures().forEach(failure -> known.add(FailureReport.of(failure).code()));
    known.addAll(NO_CODE);
    Set<String> gone = new TreeSet<>(table.keySet());
    gone.removeAll(known);
    assertEquals(Set.of(), gone);
  }

  @Test
  void whatIsTriedAgainIsWhatTheTableSays() {
    for (Exception failure : failures()) {
      String code = FailureReport.of(failure).code();
      boolean again = !row(code).again().equals("no");
      assertEquals(again, Recurrence.mayPass(failure), code);
    }
    assertTrue(Recurrence.mayPass(new IOException("Input/output error")));
    assertEquals("always", row("IO").again());
  }

  @Test
  void everyRowSaysWhatToDo() {
    table.forEach(
        (code, row) -> {
          assertTrue(Set.of("retriable", "operator", "fatal").contains(row.kind()), code);
          assertTrue(!row.hint().isEmpty(), code);
          boolean retried = row.kind().equals("retriable");
          assertTrue(!retried || !row.again().equals("no"), code + " is retriable and never tried");
        });
  }

  @Test
  void aRetriableFailureOfTheJournalIsRetriableInTheTable() {
    for (JournalException.Code code : JournalException.Code.values()) {
      boolean retriable = code.kind() == JournalException.Kind.RETRIABLE;
      assertEquals(retriable, row(code.name()).again().equals("always"), code.name());
    }
    assertEquals(
        Exit.FAILED.code(),
        FailureReport.of(new DiskFullException("i", new IOException("full"))).exit());
  }
}
