package dev.drover.nbd;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Writes and reads race on few bytes, with late acknowledgements and a replica that lags, or that
 * is ahead of the acknowledgements. Afterwards the history is judged: the journal gives the order
 * of the writes, so each read can be placed in it, byte by byte.
 */
final class GatewayHistoryTest {
  private static final int CELL_BYTES = 8;
  private static final int CELLS = 24;
  private static final int CLIENTS = 6;
  private static final int OPERATIONS = 600;

  /** {@code stamp} is the write's, or what the read found; times are ticks of one counter. */
  private record Event(boolean write, int cell, long stamp, long began, long ended) {}

  private final AtomicLong clock = new AtomicLong();

  @ParameterizedTest
  @CsvSource({
    "1, JOURNAL, 100000",
    "2, JOURNAL, 2000",
    "3, JOURNAL, 2000",
    "4, WRITEBACK, 100000",
    "5, WRITEBACK, 2000",
    "6, JOURNAL, 1"
  })
  void everyReadFitsTheOrderOfTheJournal(long seed, CacheMode mode, long limit) throws Exception {
    FakeJournal journal = FakeJournal.acknowledgingWhenTold();
    FakeReplica replica = new FakeReplica(journal, CELLS * CELL_BYTES);
    RandomGenerator slowness = random(7 * seed);
    replica.afterEachRead(() -> idle(slowness, 150));
    List<Event> history = new ArrayList<>();
    try (var gateway = new Gateway("vm", journal, replica, new GatewayOptions(limit, mode))) {
      List<Thread> clients = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        RandomGenerator random = random(seed * 1000 + i);
        long firstStamp = (i + 1) * 1_000_000L;
        clients.add(
            Thread.ofVirtual()
                .unstarted(() -> history(history, client(gateway, random, firstStamp))));
      }
      Thread acks = Thread.ofPlatform().unstarted(() -> acknowledge(journal, random(seed)));
      Thread apply = Thread.ofPlatform().unstarted(() -> apply(replica, random(-seed)));
      acks.start();
      apply.start();
      clients.forEach(Thread::start);
      for (Thread client : clients) {
        client.join();
      }
      gateway.flush().get();
      acks.interrupt();
      apply.interrupt();
      acks.join();
      apply.join();
    }
    assertTrue(history.size() > CLIENTS * OPERATIONS);
    new Judge(journal.intents()).check(history);
  }

  private static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  private static void history(List<Event> all, List<Event> events) {
    synchronized (all) {
      all.addAll(events);
    }
  }

  private List<Event> client(Gateway gateway, RandomGenerator random, long firstStamp) {
    List<Event> events = new ArrayList<>();
    long stamp = firstStamp;
    try {
      for (int i = 0; i < OPERATIONS; i++) {
        int cell = random.nextInt(CELLS);
        int cells = 1 + random.nextInt(Math.min(6, CELLS - cell));
        long offset = (long) cell * CELL_BYTES;
        ByteBuffer data = ByteBuffer.allocate(cells * CELL_BYTES);
        boolean write = random.nextBoolean();
        stamp++;
        long began = clock.incrementAndGet();
        if (write) {
          while (data.hasRemaining()) {
            data.putLong(stamp);
          }
          gateway.write(offset, data.flip(), random.nextInt(4) == 0).get();
        } else {
          gateway.read(offset, data);
          data.flip();
        }
        long ended = clock.incrementAndGet();
        for (int c = 0; c < cells; c++) {
          long value = write ? stamp : data.getLong(c * CELL_BYTES);
          events.add(new Event(write, cell + c, value, began, ended));
        }
        if (random.nextInt(8) == 0) {
          idle(random, 100);
        }
      }
    } catch (IOException | ExecutionException | InterruptedException e) {
      throw new AssertionError(e);
    }
    return events;
  }

  private static void acknowledge(FakeJournal journal, RandomGenerator random) {
    while (!Thread.currentThread().isInterrupted()) {
      for (int burst = random.nextInt(4); burst > 0; burst--) {
        journal.acknowledgeNext();
      }
      idle(random, 100);
    }
  }

  private static void apply(FakeReplica replica, RandomGenerator random) {
    while (!Thread.currentThread().isInterrupted()) {
      for (int burst = random.nextInt(12); burst > 0; burst--) {
        replica.applyNextSilently();
      }
      idle(random, 50);
      if (random.nextBoolean()) {
        replica.announce();
      }
      idle(random, 200);
    }
  }

  /** Lets others run, for a time that differs: at most so many microseconds. */
  private static void idle(RandomGenerator random, int micros) {
    LockSupport.parkNanos(1000L * random.nextInt(micros));
  }

  /** Knows at which place of a cell's history each stamp was written; 0 is the empty volume. */
  private static final class Judge {
    private final Map<Integer, Map<Long, Integer>> places = new HashMap<>();

    private Judge(List<Intent> journal) {
      for (int cell = 0; cell < CELLS; cell++) {
        places.put(cell, new HashMap<>(Map.of(0L, 0)));
      }
      for (Intent intent : journal) {
        if (intent instanceof Intent.Write write) {
          long stamp = write.data().getLong();
          int first = (int) write.guestOffset() / CELL_BYTES;
          for (int c = first; c < first + write.length() / CELL_BYTES; c++) {
            places.get(c).put(stamp, places.get(c).size());
          }
        }
      }
    }

    /** What any operation has seen or done when it ended, a read that begins later must see. */
    private void check(List<Event> history) {
      for (int cell = 0; cell < CELLS; cell++) {
        int here = cell;
        List<Event> events = history.stream().filter(e -> e.cell() == here).toList();
        Map<Long, Long> writeBegan = new HashMap<>(Map.of(0L, 0L));
        events.stream().filter(Event::write).forEach(e -> writeBegan.put(e.stamp(), e.began()));
        List<Event> byEnd =
            events.stream().sorted((a, b) -> Long.compare(a.ended(), b.ended())).toList();
        List<Event> byBegin =
            events.stream().sorted((a, b) -> Long.compare(a.began(), b.began())).toList();
        int least = 0;
        int next = 0;
        for (Event event : byBegin) {
          while (next < byEnd.size() && byEnd.get(next).ended() < event.began()) {
            least = Math.max(least, place(byEnd.get(next++)));
          }
          if (!event.write()) {
            Long began = writeBegan.get(event.stamp());
            assertTrue(began != null, () -> "torn or foreign bytes: " + event);
            assertTrue(began < event.ended(), () -> "read before it was written: " + event);
            int expected = least;
            assertTrue(
                place(event) >= expected,
                () -> event + " is at place " + place(event) + ", after " + expected);
          }
        }
      }
    }

    private int place(Event event) {
      return places.get(event.cell()).get(event.stamp());
    }
  }
}
