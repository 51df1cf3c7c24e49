package dev.drover.system.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A loop of kills, cut into rounds that each begin with a new volume and a seed of their own: a
 * long loop is told in as many lines as it has rounds, and goes on where it was stopped.
 *
 * <p>{@code -DNAME=KILLS} says how many, {@code -DNAME.seed=SEED} with which seeds, {@code
 * -DNAME.log=FILE} where a line for each finished round is kept. A round that the file has is not
 * run again.
 */
final class KillRounds {

  /** One round. */
  record Round(int number, long seed, int kills) {}

  private static final int KILLS_MAX = 50;

  private final String name;
  private final int kills;
  private final long seed;
  private final Path log;

  KillRounds(String name, int kills, long seed) {
    this.name = name;
    this.kills = Integer.getInteger(name, kills);
    this.seed = Long.getLong(name + ".seed", seed);
    String file = System.getProperty(name + ".log", "");
    this.log = file.isEmpty() ? null : Path.of(file).toAbsolutePath();
  }

  /** What is left to do. */
  List<Round> left() throws IOException {
    Set<Integer> done = done();
    List<Round> rounds = new ArrayList<>();
    for (int first = 0; first < kills; first += KILLS_MAX) {
      int number = first / KILLS_MAX;
      if (!done.contains(number)) {
        rounds.add(new Round(number, seed + number, Math.min(KILLS_MAX, kills - first)));
      }
    }
    return rounds;
  }

  private Set<Integer> done() throws IOException {
    Set<Integer> numbers = new HashSet<>();
    if (log != null && Files.exists(log)) {
      for (String line : Files.readAllLines(log)) {
        numbers.add(Integer.parseInt(line.split(" ")[1]));
      }
    }
    return numbers;
  }

  /** A round has ended well. */
  void done(Round round, String figures) throws IOException {
    String line = "round %d seed %d: %s".formatted(round.number(), round.seed(), figures);
    System.out.println(name + ": " + line);
    if (log != null) {
      Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }
}
