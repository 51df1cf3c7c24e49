package dev.drover.qcow2.replica;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * The replica's simulators by name, one journal at a time: {@code cut xsx}. Instead of a journal
 * {@code *} stands for all that always run.
 */
public final class ReplicaRuns implements Consumer<String> {

  private static final long SEED = 20240607;

  private interface Run {
    void of(String word) throws IOException;
  }

  public ReplicaRuns() throws IOException {
    ReplicaCutTest.makeImage();
    ReplicaFaultTest.makeImage();
  }

  @Override
  public void accept(String line) {
    String[] words = line.split(" ");
    Run run = named(words[0]);
    for (String word : words[1].equals("*") ? Journals.WORDS : List.of(words[1])) {
      try {
        run.of(word);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(words[0] + " " + word + ", " + e.getMessage(), e);
      }
    }
  }

  private static Run named(String name) {
    ReplicaCutTest cuts = new ReplicaCutTest();
    return switch (name) {
      case "cut" -> word -> cuts.cutBeforeEveryIo(word, false, new Random(SEED));
      case "cut-punching" -> word -> cuts.cutBeforeEveryIo(word, true, new Random(SEED));
      case "kill" -> word -> cuts.killThenCut(word, false, false, new Random(SEED), 1, 1);
      case "lost-sync" -> word -> cuts.killThenCut(word, true, false, new Random(SEED), 1, 1);
      case "fail" -> word -> ReplicaFaultTest.failEveryIo(word, 1);
      case "fail-punching" -> word -> ReplicaFaultTest.failEveryIo(word, 0);
      case "fail-twice" -> ReplicaFaultTest::failEveryMendingToo;
      case "full" -> ReplicaFaultTest::fillDisk;
      default -> throw new IllegalArgumentException("no run " + name);
    };
  }
}
