package dev.drover.journal.kafka;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what somebody meant who mistyped a name. */
public final class Spelling {
  private Spelling() {}

  /**
   * The name nearest to {@code mistyped}: at most two letters changed, added, left out or swapped
   * for their neighbour, and of long names at most a quarter of the letters.
   */
  public static Optional<String> nearest(String mistyped, Collection<String> names) {
    int most = Math.max(2, mistyped.length() / 4);
    return names.stream()
        .filter(name -> distance(mistyped, name) <= most)
        .min(Comparator.comparingInt(name -> distance(mistyped, name)));
  }

  /** Whether it can only be a slip of the finger: at most two letters. */
  public static boolean isSlip(String mistyped, String name) {
    int distance = distance(mistyped, name);
    return distance > 0 && distance <= 2;
  }

  /** The least number of letters to change, add, leave out, or swap with the next one. */
  static int distance(String a, String b) {
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least = Math.min(steps[i - 1][j], steps[i][j - 1]) + 1;
        least = Math.min(least, steps[i - 1][j - 1] + (same ? 0 : 1));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        steps[i][j] = swapped ? Math.min(least, steps[i - 2][j - 2] + 1) : least;
      }
    }
    return steps[a.length()][b.length()];
  }
}
