package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Up to three writers at once, on a log that delays, loses receipts, fails, repeats and turns
 * readers away, all by a seed. Whatever happens: what was promised counts, exactly once and in
 * order, for every reader; and a new writer can always go on.
 *
 * <p>More seeds: {@code -Ddrover.seeds=N}; one of them again: {@code -Ddrover.seed=N}.
 */
class EpochWriterSimulationTest {
  private static final int SEEDS = Integer.getInteger("drover.seeds", 1_000);
  private static final int STEPS = 300;

  /** A writer, and what was asked of it, in order. */
  private static final class Client {
    final EpochWriter writer;
    final List<Long> ids = new ArrayList<>();
    final List<CompletableFuture<Long>> promises = new ArrayList<>();

    Client(EpochWriter writer) {
      this.writer = writer;
    }
  }

  private record Run(SplittableRandom random, SimulatedLog log, int most, List<Client> all) {

    void step(List<Client> alive, long[] nextId) {
      switch (random.nextInt(16)) {
        case 0 -> open(alive);
        case 1 -> crash(alive);
        case 2 -> trouble(alive);
        case 3 -> log.away(random.nextInt(12) == 0);
        case 4 -> log.pass(random.nextInt(3) == 0 ? 6_000 : 200);
        case 5, 6, 7 -> append(alive, nextId);
        case 8, 9, 10 -> onLine(line -> several(line::land));
        case 11, 12 -> onLine(line -> several(() -> line.acknowledge(random.nextInt(10) != 0)));
        default -> alive.forEach(client -> SimulatedLog.step(client.writer));
      }
      alive.removeIf(client -> client.writer.isEnded());
    }

    private void several(Runnable action) {
      for (int i = random.nextInt(1, 5); i > 0; i--) {
        action.run();
      }
    }

    private void open(List<Client> alive) {
      if (alive.size() < most) {
        String image = "image" + random.nextInt(3);
        var clock = log.clock(random.nextInt(3) * 1_000L);
        Client client = new Client(log.writer(image, random.nextInt(3) != 0, clock));
        alive.add(client);
        all.add(client);
      }
    }

    private void crash(List<Client> alive) {
      if (!alive.isEmpty() && random.nextInt(10) == 0) {
        // Its records on the wire may land for as long as they like; nobody reads the receipts.
        alive.remove(random.nextInt(alive.size()));
      }
    }

    private void trouble(List<Client> alive) {
      // A writer that fails before it has begun shows little: most trouble waits for one that has.
      boolean begun = alive.stream().anyMatch(client -> client.writer.ready().isDone());
      if (random.nextInt(begun ? 2 : 20) == 0) {
        onLine(line -> line.fail(random.nextInt(3)));
      }
    }

    private void append(List<Client> alive, long[] nextId) {
      for (Client client : alive) {
        if (random.nextBoolean()) {
          long id = nextId[0]++;
          client.ids.add(id);
          client.promises.add(
              client.writer.append(
                  new Intent.Write(id, ByteBuffer.allocate(1 + random.nextInt(3)))));
        }
      }
    }

    private void onLine(java.util.function.Consumer<SimulatedLog.Line> action) {
      // The newest lines matter; an old one wakes up now and then.
      int size = log.lines().size();
      if (size > 0) {
        int recent = random.nextInt(8) == 0 ? size : Math.min(most, size);
        int back = random.nextInt(recent);
        action.accept(log.lines().get(size - 1 - back));
      }
    }
  }

  @Test
  void whatWasPromisedCountsExactlyOnceAndInOrder() {
    Long only = Long.getLong("drover.seed");
    long settled = 0;
    long repaired = 0;
    long fenced = 0;
    for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
      List<Client> clients = new ArrayList<>();
      try {
        simulate(seed, clients);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      for (Client client : clients) {
        settled += client.promises.stream().filter(p -> kept(p)).count();
        long first = client.writer.ready().exceptionally(e -> -1L).getNow(-1L);
        repaired += first >= 0 && client.writer.epoch() > first ? 1 : 0;
        JournalException lost = client.writer.lost().getNow(null);
        fenced += lost != null && lost.code() == JournalException.Code.FENCED ? 1 : 0;
      }
    }
    if (only == null) {
      // A simulation in which nothing happens proves nothing.
      assertTrue(settled > 5 * SEEDS, "settled " + settled);
      assertTrue(repaired > SEEDS / 5, "repaired " + repaired);
      assertTrue(fenced > SEEDS, "fenced " + fenced);
    }
  }

  private static boolean kept(CompletableFuture<Long> promise) {
    return promise.isDone() && !promise.isCompletedExceptionally();
  }

  private static void simulate(long seed, List<Client> clients) {
    SimulatedLog log = new SimulatedLog();
    Run run = new Run(new SplittableRandom(seed), log, 1 + (int) (seed % 3), clients);
    List<Client> alive = new ArrayList<>();
    long[] nextId = {0};
    for (int i = 0; i < STEPS; i++) {
      run.step(alive, nextId);
      if (i % 50 == 0) {
        assertNull(log.judge().fault(), "a reader meanwhile");
      }
    }
    log.away(false);
    alive.forEach(client -> SimulatedLog.step(client.writer));
    EpochWriter last = log.writer("last", true);
    SimulatedLog.step(last);
    for (int i = 0; i < 4; i++) {
      List.copyOf(log.lines()).forEach(SimulatedLog.Line::settle);
      SimulatedLog.step(last);
      alive.forEach(client -> SimulatedLog.step(client.writer));
    }
    log.pass(1_000);
    alive.forEach(client -> SimulatedLog.step(client.writer));
    assertTrue(last.ready().isDone() && !last.isEnded(), "a new writer can go on");
    check(log.judge(), clients);
  }

  private static void check(Paper.Outcome outcome, List<Client> clients) {
    assertNull(outcome.fault());
    assertEquals(false, outcome.stalled());
    Map<Long, Long> counts = new HashMap<>();
    for (JournalEntry entry : outcome.entries()) {
      if (entry.valid() && entry.record().intent() instanceof Intent.Write write) {
        assertNull(
            counts.put(write.guestOffset(), entry.offset()),
            "counts twice: " + write.guestOffset());
      }
    }
    Set<Long> offsets = new HashSet<>(counts.values());
    assertEquals(counts.size(), offsets.size());
    for (Client client : clients) {
      checkPromises(client, counts);
    }
  }

  private static void checkPromises(Client client, Map<Long, Long> counts) {
    boolean open = true;
    long previous = -1;
    for (int i = 0; i < client.ids.size(); i++) {
      long id = client.ids.get(i);
      Long offset = counts.get(id);
      if (kept(client.promises.get(i))) {
        assertTrue(open, "promised behind one that was not: " + id);
        assertEquals(offset, client.promises.get(i).join(), "promised, and elsewhere: " + id);
      } else {
        open = false;
      }
      if (offset != null) {
        assertTrue(offset > previous, "out of order: " + id);
        previous = offset;
      }
    }
  }
}
