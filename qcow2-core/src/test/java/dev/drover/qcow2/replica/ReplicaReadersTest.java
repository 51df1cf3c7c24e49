package dev.drover.qcow2.replica;

import static dev.drover.qcow2.replica.MiniEngine.CLUSTER;

import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * Readers beside batches that unlink, free and reuse clusters all the time (I-09). Every cluster
 * says in each of its bytes whose it is and how old, so a reader that is shown another one's
 * cluster, or half of two, sees it.
 */
final class ReplicaReadersTest {

  private static final int CLUSTERS = 12;
  private static final int BATCHES = 1500;

  @Test
  void aReaderSeesEachClustersOldOrNewPlaceAndNeverAnothersBytes() throws Exception {
    MemoryBlockFile file = new MemoryBlockFile("r.qcow2");
    ReplicaImage.create(file, 1 << 20, CLUSTER, new byte[0]).close();
    ReplicaImage image = ReplicaImage.open(file, MiniEngine.options(true));
    image.recover();
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService readers = Executors.newFixedThreadPool(2)) {
      List<Future<Void>> results = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        results.add(readers.submit((Callable<Void>) () -> readAll(image, random, done)));
      }
      try {
        Random random = new Random(5);
        for (int n = 0; n < BATCHES; n++) {
          apply(image, changes(random, n));
        }
        image.settle(new byte[0]);
      } finally {
        done.set(true);
      }
      for (Future<Void> result : results) {
        result.get();
      }
    }
  }

  /** Each chosen cluster is emptied in one batch and filled in a later one: never in place. */
  private static List<GuestChange> changes(Random random, int n) {
    List<GuestChange> changes = new ArrayList<>();
    for (int cluster = n % 2; cluster < CLUSTERS; cluster += 2) {
      if (random.nextInt(3) > 0) {
        long at = (long) cluster * CLUSTER;
        changes.add(
            n / 2 % 2 == 0
                ? MiniEngine.zero(at, CLUSTER, false)
                : MiniEngine.write(at, CLUSTER, mark(cluster, n)));
      }
    }
    changes.add(MiniEngine.write((long) CLUSTERS * CLUSTER, 10, n)); // never an empty batch
    return changes;
  }

  private static int mark(int cluster, int n) {
    return cluster * 16 + 1 + n / 4 % 15;
  }

  private static void apply(ReplicaImage image, List<GuestChange> changes) throws IOException {
    Batch batch = image.begin(changes);
    batch.allocate();
    batch.writeData();
    batch.barrier();
    batch.link();
    image.commit(new byte[0]);
    image.release();
  }

  private static Void readAll(ReplicaImage image, Random random, AtomicBoolean done)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(CLUSTER);
    while (!done.get()) {
      int cluster = random.nextInt(CLUSTERS);
      image.read(new GuestOffset((long) cluster * CLUSTER), bytes.clear());
      byte first = bytes.get(0);
      if (first != 0 && (first & 0xFF) / 16 != cluster) {
        throw new AssertionError("cluster " + cluster + " reads " + first);
      }
      for (int i = 1; i < CLUSTER; i++) {
        if (bytes.get(i) != first) {
          throw new AssertionError("cluster " + cluster + " is torn at " + i);
        }
      }
    }
    return null;
  }
}
