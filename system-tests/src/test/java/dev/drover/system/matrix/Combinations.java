package dev.drover.system.matrix;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Which combinations to run: all, or so few that every legal pair of choices occurs. */
final class Combinations {

  /** Choices {@code a} of one dimension and {@code b} of another. */
  private record Pair(int dimension, int choice, int otherDimension, int otherChoice) {}

  private final List<int[]> legal = new ArrayList<>();

  Combinations() {
    choose(new int[Combination.DIMENSIONS.size()], 0);
  }

  private void choose(int[] choice, int dimension) {
    if (dimension == choice.length) {
      if (Combination.of(choice).isLegal()) {
        legal.add(choice.clone());
      }
      return;
    }
    for (int i = 0; i < Combination.DIMENSIONS.get(dimension).size(); i++) {
      choice[dimension] = i;
      choose(choice, dimension + 1);
    }
  }

  List<Combination> all() {
    return legal.stream().map(Combination::of).toList();
  }

  /** Takes the one with the most new pairs, until none has any; then a sample of the rest. */
  List<Combination> pairwiseAnd(int sample, Random random) {
    List<int[]> left = new ArrayList<>(legal);
    Collections.shuffle(left, random);
    List<Combination> chosen = new ArrayList<>();
    Set<Pair> seen = new HashSet<>();
    while (true) {
      int[] best = null;
      long most = 0;
      for (int[] each : left) {
        long fresh = pairs(each).stream().filter(pair -> !seen.contains(pair)).count();
        if (fresh > most) {
          most = fresh;
          best = each;
        }
      }
      if (best == null) {
        break;
      }
      chosen.add(Combination.of(best));
      seen.addAll(pairs(best));
      left.remove(best);
    }
    left.stream().limit(sample).map(Combination::of).forEach(chosen::add);
    return chosen;
  }

  private static List<Pair> pairs(int[] choice) {
    List<Pair> pairs = new ArrayList<>();
    for (int a = 0; a < choice.length; a++) {
      for (int b = a + 1; b < choice.length; b++) {
        pairs.add(new Pair(a, choice[a], b, choice[b]));
      }
    }
    return pairs;
  }
}
