package dev.drover.cli.terminal;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Rows under headings, each column as wide as it needs to be. */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  public Table(String... headings) {
    rows.add(List.of(headings));
  }

  /** Adds a row; null shows as a dash, a time to the millisecond as in JSON. */
  public void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(text(cell));
    }
    rows.add(row);
  }

  private static String text(Object cell) {
    return switch (cell) {
      case null -> "-";
      case Instant time -> time.truncatedTo(ChronoUnit.MILLIS).toString();
      default -> cell.toString();
    };
  }

  /** Prints it, headings first. */
  public void print(Console console) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        String cell = row.get(column);
        line.append(cell).repeat(' ', widths[column] - cell.length() + 2);
      }
      console.line(line.toString().stripTrailing());
    }
  }
}
