package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * The tracker against a model that looks at the whole journal at once instead of record by record,
 * on random journals: takeovers, zombies, holes, repeats, honest and lying acknowledgements. A
 * failing journal is shrunk before it is shown.
 */
class EpochModelTest {
  private static final int JOURNALS = 20_000;

  /** One step in the making of a journal; numbers are taken modulo what there is. */
  private sealed interface Step {
    record Open() implements Step {}

    /** Writer number {@code writer} appends; {@code jump} is added to the sequence that is due. */
    record Append(int writer, int jump, int ackedBack) implements Step {}
  }

  @Test
  void everyRandomJournalIsJudgedAsTheModelSays() {
    Map<String, Integer> seen = new HashMap<>();
    for (long seed = 0; seed < JOURNALS; seed++) {
      List<Step> steps = steps(new SplittableRandom(seed));
      String wrong = wrong(steps);
      if (wrong != null) {
        List<Step> small = shrink(steps);
        fail("seed " + seed + ": " + small + "\n" + wrong(small));
      }
      Paper.Outcome outcome = paper(steps).read();
      String kind = outcome.fault() != null ? outcome.fault().code().name() : "read";
      seen.merge(outcome.stalled() ? "stalled" : kind, 1, Integer::sum);
    }
    // The generator must not have drifted to where nothing interesting happens.
    for (String kind : List.of("read", "stalled", "LOST", "INCONSISTENT")) {
      assertTrue(seen.getOrDefault(kind, 0) > JOURNALS / 100, () -> kind + " in " + seen);
    }
  }

  @Test
  void whereverAReaderStartsAgainItReadsTheSameRest() {
    for (long seed = 0; seed < JOURNALS / 10; seed++) {
      Paper paper = paper(steps(new SplittableRandom(seed)));
      Paper.Outcome whole = paper.read();
      for (int i = 0; i < whole.entries().size(); i++) {
        Position saved = bytesAndBack(whole.entries().get(i).after());
        Paper.Outcome rest = paper.read(saved);
        assertEquals(whole.entries().subList(i + 1, whole.entries().size()), rest.entries());
        assertEquals(code(whole), code(rest), "seed " + seed + " from " + saved);
        assertEquals(whole.stalled(), rest.stalled(), "seed " + seed + " from " + saved);
      }
    }
  }

  @Test
  void whatWasJudgedStaysJudgedHoweverTheJournalGoesOn() {
    for (long seed = 0; seed < JOURNALS / 10; seed++) {
      Paper paper = paper(steps(new SplittableRandom(seed)));
      List<JournalEntry> whole = paper.read().entries();
      for (int end = 0; end <= paper.records().size(); end++) {
        var prefix = paper.records().subList(0, end);
        var entries = Paper.read(Paper.VOLUME, prefix, Position.START).entries();
        assertEquals(whole.subList(0, Math.min(whole.size(), entries.size())), entries);
      }
    }
  }

  private static Position bytesAndBack(Position position) {
    ByteBuffer bytes = ByteBuffer.allocate(Position.BYTES);
    position.encode(bytes);
    assertEquals(Position.BYTES, bytes.position());
    Position back = Position.decode(bytes.flip());
    assertEquals(position, back);
    return back;
  }

  private static String code(Paper.Outcome outcome) {
    return outcome.fault() == null ? "none" : outcome.fault().getMessage();
  }

  private static List<Step> steps(SplittableRandom random) {
    List<Step> steps = new ArrayList<>();
    boolean wild = random.nextInt(4) == 0;
    int odd = wild ? 3 : 40;
    steps.add(random.nextInt(50) == 0 ? new Step.Append(0, 0, 1) : new Step.Open());
    for (int left = random.nextInt(25); left > 0; left--) {
      if (random.nextInt(6) == 0) {
        steps.add(new Step.Open());
      } else {
        int writer = random.nextInt(4) == 0 ? random.nextInt(6) : 0;
        int jump = random.nextInt(odd) == 0 ? random.nextInt(-2, 3) : 0;
        int ackedBack = random.nextInt(odd) == 0 ? 0 : random.nextInt(1, 5);
        steps.add(new Step.Append(writer, jump, ackedBack));
      }
    }
    return steps;
  }

  /** Writers count back from the newest, so that most records are of the current epoch. */
  private static Paper paper(List<Step> steps) {
    Paper paper = new Paper();
    List<Long> epochs = new ArrayList<>();
    List<Long> next = new ArrayList<>();
    for (Step step : steps) {
      switch (step) {
        case Step.Open _ -> {
          epochs.add(paper.epoch());
          next.add(0L);
        }
        case Step.Append(int writer, int jump, int ackedBack) -> {
          int which = epochs.size() - 1 - writer;
          if (which < 0) { // a writer that never began
            paper.add(paper.records().size(), 0, -1);
            continue;
          }
          long sequence = Math.max(0, next.get(which) + jump);
          paper.add(epochs.get(which), sequence, Math.max(-1, sequence - 1 - ackedBack));
          next.set(which, sequence + 1);
        }
      }
    }
    return paper;
  }

  private static String wrong(List<Step> steps) {
    Paper paper = paper(steps);
    String expected = model(paper.records());
    String actual = paper.read().toString();
    return expected.equals(actual) ? null : "model:   " + expected + "\ntracker: " + actual;
  }

  private static List<Step> shrink(List<Step> steps) {
    List<Step> small = new ArrayList<>(steps);
    for (int i = 0; i < small.size(); ) {
      List<Step> without = new ArrayList<>(small);
      without.remove(i);
      if (wrong(without) != null) {
        small = without;
        i = 0;
      } else {
        i++;
      }
    }
    return small;
  }

  /** The rules once more, each looking at the whole list. */
  private static String model(List<JournalRecord> all) {
    int end = firstFault(all);
    boolean fault = end < all.size();
    String code = fault ? (epochAt(all, end) < all.get(end).epoch() ? "INCONSISTENT" : "LOST") : "";
    int shown = Math.min(end, tailWithoutEnd(all.subList(0, end)));
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < shown; i++) {
      boolean opens = all.get(i).intent() instanceof Intent.Epoch;
      line.append(opens ? 'E' : counts(all, i) ? '+' : '-').append(i).append(' ');
    }
    line.append(fault ? "!" + code : shown < end ? "stalled" : "");
    return line.toString().strip();
  }

  private static int firstFault(List<JournalRecord> all) {
    for (int i = 0; i < all.size(); i++) {
      JournalRecord r = all.get(i);
      if (r.intent() instanceof Intent.Epoch || counts(all, i)) {
        continue;
      }
      long current = epochAt(all, i);
      boolean brokeOff = tailWithoutEnd(all.subList(0, i)) < i;
      long endedLast = brokeOff || current < 0 ? current : epochAt(all, (int) current);
      if (r.epoch() > current
          || ((r.epoch() == current || r.epoch() == endedLast)
              && r.acked() >= countOf(all.subList(0, i), r.epoch()))) {
        return i;
      }
    }
    return all.size();
  }

  /** Offset of the last EPOCH below {@code offset}, or -1. */
  private static long epochAt(List<JournalRecord> all, int offset) {
    for (int i = offset - 1; i >= 0; i--) {
      if (all.get(i).intent() instanceof Intent.Epoch) {
        return i;
      }
    }
    return -1;
  }

  /** How many records of an epoch count. */
  private static long countOf(List<JournalRecord> all, long epoch) {
    long count = 0;
    for (int i = (int) epoch + 1; i < all.size(); i++) {
      JournalRecord r = all.get(i);
      if (r.intent() instanceof Intent.Epoch) {
        return count;
      }
      if (r.epoch() == epoch && r.sequence() != count++) {
        return count - 1;
      }
    }
    return count;
  }

  private static boolean counts(List<JournalRecord> all, int offset) {
    long epoch = epochAt(all, offset);
    return all.get(offset).epoch() == epoch
        && epoch >= 0
        && countOf(all.subList(0, offset), epoch) == all.get(offset).sequence()
        && countOf(all.subList(0, offset + 1), epoch) == all.get(offset).sequence() + 1;
  }

  /** Where a broken tail begins that no EPOCH ends, or the end. */
  private static int tailWithoutEnd(List<JournalRecord> all) {
    long epoch = epochAt(all, all.size());
    for (int i = (int) epoch + 1; epoch >= 0 && i < all.size(); i++) {
      if (all.get(i).epoch() == epoch && !counts(all, i)) {
        return i;
      }
    }
    return all.size();
  }
}
