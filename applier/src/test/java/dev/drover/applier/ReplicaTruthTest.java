package dev.drover.applier;

import static dev.drover.applier.Journals.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.MemoryJournal;
import dev.drover.journal.MemorySink;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a replica says of itself when its clock, or its disk, is not what it should be. */
@Timeout(60)
final class ReplicaTruthTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  /** The host's clock, turned on by the test. */
  private static final class Turned implements Ticker {
    private final AtomicLong ahead = new AtomicLong();

    @Override
    public Instant now() {
      return Ticker.SYSTEM.now().plusNanos(ahead.get());
    }

    @Override
    public long nanos() {
      return Ticker.SYSTEM.nanos() + ahead.get();
    }

    @Override
    public void pause(long nanos) {
      Ticker.SYSTEM.pause(nanos);
    }
  }

  @TempDir private Path dir;
  private final Turned ticker = new Turned();
  private final ManualTime writersClock = new ManualTime();
  private final MemoryJournal journal = new MemoryJournal(Journals.VOLUME, writersClock);
  private final MemoryRegistry registry = new MemoryRegistry();
  private final MemoryCompensationLog log = new MemoryCompensationLog();
  private final Semaphore hung = new Semaphore(0);
  private volatile CountDownLatch disk = new CountDownLatch(0);

  private BlockFile open(Path path, boolean create) throws IOException {
    BlockFile file = ImageFiles.HOST.open(path, create);
    return (BlockFile)
        Proxy.newProxyInstance(
            BlockFile.class.getClassLoader(),
            new Class<?>[] {BlockFile.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("sync")) {
                CountDownLatch answer = disk;
                if (answer.getCount() > 0) {
                  hung.release();
                }
                answer.await();
              }
              try {
                return method.invoke(file, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private Replica start() throws Exception {
    VolumeDescriptor volume =
        new VolumeDescriptor(
            "vol",
            Journals.VOLUME,
            8L << 20,
            VolumeDescriptor.State.READY,
            "drover.vol.intents",
            journal.identity().topicId(),
            512 << 10,
            Instant.EPOCH,
            null);
    ReplicaPorts ports =
        new ReplicaPorts(
            journal.source(),
            (replica, incarnation) -> log.connect(),
            registry,
            this::open,
            new LocalHost(new UUID(1, 1), "host"));
    return Replica.start(volume, ReplicaOptions.of(dir.resolve("disk.qcow2")), ports, ticker);
  }

  private static void awaitUntil(BooleanSupplier holds) throws InterruptedException {
    while (!holds.getAsBoolean()) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static void awaitSteps(Replica replica, int count) throws InterruptedException {
    for (int step = 0; step < count; step++) {
      long before = replica.report().lastProgressNanos();
      awaitUntil(() -> replica.report().lastProgressNanos() != before);
    }
  }

  @Test
  void aWriterWhoseClockIsBehindMakesNobodyLate() throws Exception {
    writersClock.advance(Duration.ofDays(-1000));
    MemorySink sink = journal.sink();
    try (Replica replica = start()) {
      sink.append(write(0, 10, 1));
      assertTrue(replica.awaitVisible(journal.end(), SOON));
      awaitUntil(() -> replica.report().lagRecords() == 0);
      awaitSteps(replica, 5); // it waits at the end now
      sink.append(write(0, 10, 2));
      assertTrue(replica.awaitVisible(journal.end(), SOON));
      disk = new CountDownLatch(1);
      sink.append(write(0, 10, 3));
      sink.append(write(0, 10, 4));
      assertTrue(replica.report().lagSeconds() < 60, replica.report().toString());
      assertEquals(State.RUNNING, replica.report().state());
      disk.countDown();
    }
  }

  @Test
  void aDiskThatDoesNotAnswerIsSaidAndOverWhenItDoes() throws Exception {
    MemorySink sink = journal.sink();
    try (Replica replica = start()) {
      sink.append(write(0, 10, 1));
      assertTrue(replica.awaitVisible(journal.end(), SOON));
      disk = new CountDownLatch(1);
      sink.append(write(0, 10, 2));
      assertTrue(hung.tryAcquire(SOON.toSeconds(), TimeUnit.SECONDS), "it is in its fdatasync");
      ticker.ahead.addAndGet(Duration.ofSeconds(20).toNanos());
      assertEquals(State.STALLED, replica.report().state());
      awaitUntil(
          () ->
              registry.replicas("vol").stream()
                  .anyMatch(
                      said -> said.state() == State.STALLED && said.reason().contains("no step")));
      disk.countDown();
      awaitUntil(() -> replica.report().state() != State.STALLED);
      assertTrue(replica.awaitVisible(journal.end(), SOON));
    }
  }
}
