package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * Gateways on three hosts supersede one another, are cut off from the log, paused, suspended,
 * killed and closed, with clocks that run apart by as much as may be and are set to and fro, all by
 * a seed. Each shows its readers the least that it may: what was there when its epoch began, and
 * what it has acknowledged itself. Whatever happens: what a reader is told lacks nothing that any
 * gateway had acknowledged before it was read.
 *
 * <p>More seeds: {@code -Ddrover.seeds=N}; one of them again: {@code -Ddrover.seed=N}.
 */
class ReadLeaseSimulationTest {
  private static final int SEEDS = Integer.getInteger("drover.seeds", 1_000);
  private static final int STEPS = 400;

  /** As far apart as {@link FormerReaders} allows for. */
  private static final double SLOW = 0.93;

  private static final double FAST = SLOW * 7 / 6;
  private static final Duration[] LEASES = {
    Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(6)
  };

  private enum State {
    RUNS,
    STOPPED,
    SUSPENDED,
    CLOSES,
    GONE
  }

  /** A reader that waits: what it has seen, and what it must not lack. */
  private record Read(long seen, long needed, CompletableFuture<Void> sole) {}

  /** One process that serves an image. */
  private static final class Gateway {
    final SimulatedHost host;
    final EpochWriter writer;
    final int image;
    final boolean suspends;
    final Map<CompletableFuture<Long>, Boolean> writes = new LinkedHashMap<>();
    final List<Read> reads = new ArrayList<>();
    State state = State.RUNS;
    long shows = -1;

    Gateway(SimulatedHost host, EpochWriter writer, int image, boolean suspends) {
      this.host = host;
      this.writer = writer;
      this.image = image;
      this.suspends = suspends;
    }

    boolean serves() {
      return state == State.RUNS && shows >= 0;
    }
  }

  /** What a simulation did, so that one in which nothing happens proves nothing. */
  private static final class Figures {
    long acknowledged;
    long read;
    long readAfterBeingSuperseded;
    long waited;
    long refused;
  }

  private static final class World {
    final SplittableRandom random;
    final SimulatedLog log = new SimulatedLog();
    final List<Gateway> gateways = new ArrayList<>();
    final Figures figures;
    long acknowledged = -1;

    World(long seed, Figures figures) {
      this.random = new SplittableRandom(seed);
      this.figures = figures;
    }

    void step() {
      switch (random.nextInt(16)) {
        case 0 -> begin();
        case 1 -> disturb();
        case 2 -> mend();
        case 3, 4 -> log.pass(random.nextInt(400));
        case 5 -> log.pass(about(LEASES[random.nextInt(LEASES.length)]));
        case 6 -> write();
        case 7, 8, 9, 10 -> List.copyOf(gateways).forEach(this::read);
        default -> work();
      }
      gateways.removeIf(gateway -> gateway.state == State.GONE);
    }

    /** Somewhere between nothing and what a successor waits, the ends of it more often. */
    private long about(Duration lease) {
      return switch (random.nextInt(3)) {
        case 0 -> random.nextLong(lease.toMillis() + 1);
        case 1 -> Math.max(0, lease.toMillis() - random.nextInt(600));
        default -> Math.max(0, lease.toMillis() * 7 / 6 + random.nextInt(-300, 300));
      };
    }

    /** A gateway starts, on an image that no living process holds. */
    private void begin() {
      int image = random.nextInt(3);
      boolean held = gateways.stream().anyMatch(gateway -> gateway.image == image);
      if (!held) {
        double rate = random.nextBoolean() ? SLOW : FAST;
        SimulatedHost host = log.host(rate, random.nextInt(-20_000, 20_000));
        Duration lease = LEASES[random.nextInt(LEASES.length)];
        EpochWriter writer = log.writer(host, "image" + image, lease);
        gateways.add(new Gateway(host, writer, image, random.nextBoolean()));
      }
    }

    private Gateway any() {
      return gateways.isEmpty() ? null : gateways.get(random.nextInt(gateways.size()));
    }

    private void disturb() {
      Gateway gateway = any();
      if (gateway == null || gateway.state != State.RUNS) {
        return;
      }
      switch (random.nextInt(7)) {
        case 0, 1 -> gateway.host.cutOff();
        case 2 -> gateway.host.cutOffWithFormerLeader(log.records().size());
        case 3 -> gateway.state = State.STOPPED;
        case 4 -> suspendOrSetClock(gateway);
        case 5 -> gateway.state = State.GONE;
        default -> {
          gateway.state = State.CLOSES;
          gateway.writer.sayGoodbye();
        }
      }
    }

    /** Of a host that does both within a lease no clock tells the time. */
    private void suspendOrSetClock(Gateway gateway) {
      if (gateway.suspends) {
        gateway.state = State.SUSPENDED;
        gateway.host.suspend();
      } else {
        gateway.host.setClock(random.nextInt(-20_000, 20_000));
      }
    }

    private void mend() {
      Gateway gateway = any();
      if (gateway == null) {
        return;
      }
      if (random.nextInt(4) == 0) {
        gateway.host.reconnect();
      }
      if (gateway.state == State.SUSPENDED) {
        gateway.host.wake();
        gateway.state = State.RUNS;
      } else if (gateway.state == State.STOPPED) {
        gateway.state = State.RUNS;
      }
    }

    /** Everybody who can goes on, until nothing is on its way any more or something is left. */
    private void work() {
      for (int i = random.nextInt(1, 5); i > 0; i--) {
        log.lines().stream()
            .skip(Math.max(0, log.lines().size() - 6))
            .filter(line -> !line.host().isCutOff() && random.nextInt(4) != 0)
            .forEach(SimulatedLog.Line::settle);
        gateways.forEach(this::turn);
      }
    }

    private void turn(Gateway gateway) {
      if (gateway.state == State.RUNS || gateway.state == State.CLOSES) {
        SimulatedLog.step(gateway.writer);
        count(gateway);
        if (gateway.writer.isEnded()) {
          gateway.state = State.GONE;
        }
      }
    }

    /** What the step has acknowledged, and whom it has answered. */
    private void count(Gateway gateway) {
      if (gateway.shows < 0 && gateway.writer.ready().isDone() && !gateway.writer.isEnded()) {
        gateway.shows = Math.max(0, lastWriteBelow(gateway.writer.epoch()));
      }
      gateway.writes.replaceAll(
          (done, counted) -> {
            if (!counted && kept(done)) {
              figures.acknowledged++;
              acknowledged = Math.max(acknowledged, done.join());
              gateway.shows = Math.max(gateway.shows, done.join());
            }
            return done.isDone();
          });
      gateway.reads.removeIf(read -> judge(gateway, read));
    }

    private static boolean kept(CompletableFuture<?> done) {
      return done.isDone() && !done.isCompletedExceptionally();
    }

    private long lastWriteBelow(long epoch) {
      long last = -1;
      for (JournalEntry entry : log.judge().entries()) {
        if (entry.offset() < epoch
            && entry.valid()
            && entry.record().intent() instanceof Intent.Write) {
          last = entry.offset();
        }
      }
      return last;
    }

    private void write() {
      Gateway gateway = any();
      if (gateway != null && gateway.serves()) {
        gateway.writes.put(
            gateway.writer.append(new Intent.Write(0, ByteBuffer.allocate(1))), false);
      }
    }

    private void read(Gateway gateway) {
      if (gateway.serves()) {
        Read read = new Read(gateway.shows, acknowledged, gateway.writer.sole());
        if (!judge(gateway, read)) {
          figures.waited++;
          gateway.reads.add(read);
        }
      }
    }

    /** Whether the reader has got its answer. */
    private boolean judge(Gateway gateway, Read read) {
      if (!read.sole.isDone()) {
        return false;
      }
      if (!kept(read.sole)) {
        figures.refused++;
        return true;
      }
      assertTrue(
          read.seen >= read.needed,
          () -> "read what offset %d made, after %d".formatted(read.seen, read.needed));
      figures.read++;
      boolean superseded =
          log.records().stream()
              .skip(gateway.writer.epoch() + 1)
              .anyMatch(record -> record.intent() instanceof Intent.Epoch);
      figures.readAfterBeingSuperseded += superseded ? 1 : 0;
      return true;
    }
  }

  @Test
  void whatAReaderIsToldLacksNothingThatAnybodyHadAcknowledged() {
    Long only = Long.getLong("drover.seed");
    Figures figures = new Figures();
    for (long seed = only == null ? 0 : only; seed < (only == null ? SEEDS : only + 1); seed++) {
      World world = new World(seed, figures);
      try {
        for (int i = 0; i < STEPS; i++) {
          world.step();
        }
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
    if (only == null) {
      assertTrue(figures.acknowledged > 2 * SEEDS, "acknowledged " + figures.acknowledged);
      assertTrue(figures.read > 20 * SEEDS, "read " + figures.read);
      assertTrue(
          figures.readAfterBeingSuperseded > 2 * SEEDS,
          "after being superseded " + figures.readAfterBeingSuperseded);
      assertTrue(figures.waited > 20 * SEEDS, "waited " + figures.waited);
      assertTrue(figures.refused > 5 * SEEDS, "refused " + figures.refused);
    }
  }
}
