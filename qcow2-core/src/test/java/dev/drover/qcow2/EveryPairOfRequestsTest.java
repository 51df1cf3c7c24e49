package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.sim.CrashingBlockFile.Survival;
import dev.drover.qcow2.sim.EveryChoice;
import dev.drover.qcow2.sim.FailingBlockFile.Failure;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Two requests of every pair of kinds, on the same cluster, on neighbours and under the same new L2
 * table, in every order of their I/Os in which one interrupts the other once ({@code
 * -Ddrover.interruptions=N} for more): write against discard, snapshot and shrink above all. Some
 * orders once more with a failure or a power cut at an I/O that a seed picks.
 */
final class EveryPairOfRequestsTest {

  private static final long SEED = Long.getLong("drover.seed", 20261122);
  private static final int MOST_INTERRUPTIONS = Integer.getInteger("drover.interruptions", 1);

  private final SplittableRandom random = new SplittableRandom(SEED);
  private long orders;
  private long faults;
  private long cuts;

  /** Changes and reads of one cluster. */
  private static List<Request> content(int number, int cluster) {
    int at = 2 * cluster;
    return List.of(
        new Request.Write(number, at, 2),
        new Request.Write(number, at + 1, 2),
        new Request.Packed(number, at, 2),
        new Request.Zero(at, 2, false),
        new Request.Discard(at, 2),
        new Request.Read(at, 3));
  }

  /** What concerns the whole image. */
  private static List<Request> whole(int number) {
    return List.of(
        new Request.Flush(),
        new Request.Snapshot(number),
        new Request.Revert("base"),
        new Request.Delete("base"),
        new Request.Resize(3),
        new Request.Resize(RequestRig.MOST));
  }

  private static List<List<Request>> pairs() {
    List<Request> first = new ArrayList<>(content(16, 1));
    first.addAll(whole(16));
    List<Request> second = new ArrayList<>(content(17, 1));
    second.addAll(whole(17));
    List<List<Request>> pairs = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      for (int j = i; j < second.size(); j++) {
        pairs.add(List.of(first.get(i), second.get(j)));
      }
    }
    for (Request one : content(16, 1)) {
      for (Request neighbour : content(17, 2)) {
        pairs.add(List.of(one, neighbour));
      }
    }
    return pairs;
  }

  @Test
  void everyPairInEveryOrder() throws Exception {
    List<List<Request>> pairs = pairs();
    for (MemoryBlockFile image :
        List.of(RequestImages.empty(), RequestImages.owned(), RequestImages.shared())) {
      for (List<Request> pair : pairs) {
        everyOrder(image, List.of(List.of(pair.getFirst()), List.of(pair.getLast())));
      }
    }
    System.out.printf(
        "pairs: %d of requests in %d orders, %d with a failure, %d crash states, seed %d%n",
        3 * pairs.size(), orders, faults, cuts, SEED);
    assertTrue(orders > 10L * pairs.size());
  }

  private void everyOrder(MemoryBlockFile image, List<List<Request>> pair) throws Exception {
    EveryChoice every = new EveryChoice(MOST_INTERRUPTIONS);
    try {
      do {
        RequestRig rig = new RequestRig(image, every);
        long before = rig.ios();
        rig.run(pair);
        long during = Math.max(1, rig.ios() - before);
        rig.judgeClosed();
        orders++;
        switch (random.nextInt(6)) {
          case 0 -> fail(image, pair, every, 1 + random.nextLong(during));
          case 1 -> cut(image, pair, every, 1 + random.nextLong(during));
          default -> {}
        }
      } while (every.next());
    } catch (Exception | AssertionError e) {
      throw new AssertionError(image.name() + " " + pair + ", " + every, e);
    }
  }

  private void fail(MemoryBlockFile image, List<List<Request>> pair, EveryChoice every, long n)
      throws Exception {
    Failure how = Failure.values()[random.nextInt(Failure.values().length)];
    new RequestRig(image, every.again()).failAt(n, how).run(pair).judgeClosed();
    faults++;
  }

  private void cut(MemoryBlockFile image, List<List<Request>> pair, EveryChoice every, long n)
      throws Exception {
    RequestRig rig = new RequestRig(image, every.again()).cutAt(n).run(pair);
    rig.judgeCut(Survival.NOTHING);
    rig.judgeCut(Survival.random(random));
    cuts += 2;
  }
}
