package dev.drover.system.acklog;

import dev.drover.nbd.client.NbdClient;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Writes, zeroes, trims, flushes and reads a volume at random, many requests in flight, and logs
 * all of it; reconnects by itself when the connection is lost, and goes on with new requests. A
 * write that was in flight then is not sent again: whether it has landed is for the verifier to
 * judge.
 *
 * <p>{@code AckLogClient URI LOG SEED}: runs until its standard input ends, then lets everything in
 * flight be answered, prints what it did, and exits 0; 1 when a read found what cannot be there, or
 * nobody serves the volume for {@link #PATIENCE}.
 */
public final class AckLogClient {
  private static final int DEPTH = 24;
  private static final int SECTORS_MAX = 96;
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration BETWEEN_CONNECTS = Duration.ofMillis(20);

  private final URI uri;
  private final BufferedWriter log;
  private final RandomGenerator random;
  private final AtomicBoolean stop;
  private final Semaphore slots = new Semaphore(DEPTH);

  /** Per sector, what is in flight: a count of writes, or -1 for a read. Guarded by this. */
  private int[] busy = new int[0];

  private SectorHistory history;
  private String complaint;
  private long writes;
  private long acknowledged;
  private long reads;
  private long connects;

  private AckLogClient(URI uri, BufferedWriter log, long seed, AtomicBoolean stop) {
    this.uri = uri;
    this.log = log;
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.stop = stop;
  }

  /**
   * Runs until {@code stop} becomes true.
   *
   * @return what it did, for people
   * @throws IOException when a read found what cannot be there, or nobody serves the volume
   */
  public static String run(URI uri, Path log, long seed, AtomicBoolean stop)
      throws IOException, InterruptedException {
    try (BufferedWriter out = Files.newBufferedWriter(log)) {
      return new AckLogClient(uri, out, seed, stop).run();
    }
  }

  public static void main(String[] arguments) throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                System.in.transferTo(OutputStream.nullOutputStream());
              } catch (IOException e) {
                System.err.println("standard input: " + e.getMessage());
              }
              stop.set(true);
            });
    try {
      long seed = Long.parseLong(arguments[2]);
      System.out.println(run(URI.create(arguments[0]), Path.of(arguments[1]), seed, stop));
    } catch (IOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
    System.exit(0);
  }

  private String run() throws IOException, InterruptedException {
    while (!stop.get()) {
      try (NbdClient client = connect()) {
        prepare(client.sizeBytes());
        connects++;
        while (!stop.get() && client.connected()) {
          slots.acquire();
          submit(client);
        }
        if (!stop.get()) {
          client.abort();
        }
        // Answered or failed, all of them: no acknowledgement is logged behind the D.
        slots.acquire(DEPTH);
        slots.release(DEPTH);
      }
      record(new Line.Disconnected());
      if (complaint != null) {
        throw new IOException(complaint);
      }
    }
    return "%d writes sent, %d acknowledged, %d reads, %d connects"
        .formatted(writes, acknowledged, reads, connects);
  }

  private NbdClient connect() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return NbdClient.connect(uri);
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw new IOException("nobody serves " + uri + ": " + e.getMessage(), e);
        }
        Thread.sleep(BETWEEN_CONNECTS);
      }
    }
  }

  private synchronized void prepare(long sizeBytes) {
    int sectors = (int) (sizeBytes / Stamp.SECTOR_BYTES);
    if (history == null) {
      history = new SectorHistory(sectors);
      busy = new int[sectors];
    }
  }

  /** Starts one request; its slot comes back when it has ended. */
  private void submit(NbdClient client) {
    int sectors = 1 + random.nextInt(random.nextInt(1, SECTORS_MAX));
    int first = random.nextInt(busy.length - sectors + 1);
    int kind = random.nextInt(20);
    CompletableFuture<?> request;
    if (kind == 0) {
      request = client.flush();
    } else if (kind < 5) {
      request = read(client, first, sectors);
    } else {
      request = write(client, first, sectors, kind);
    }
    request.whenComplete((_, _) -> slots.release());
  }

  private CompletableFuture<?> read(NbdClient client, int first, int sectors) {
    if (!occupy(first, sectors, true)) {
      return CompletableFuture.completedFuture(null);
    }
    long offset = (long) first * Stamp.SECTOR_BYTES;
    return client
        .read(offset, sectors * Stamp.SECTOR_BYTES)
        .thenAccept(data -> found(first, sectors, data))
        .whenComplete((_, failure) -> ended(client, failure, first, sectors, true));
  }

  private void found(int first, int sectors, ByteBuffer data) {
    long[] writers = new long[sectors];
    for (int i = 0; i < sectors; i++) {
      writers[i] = Stamp.read(data, first + i);
    }
    record(new Line.Read(first, writers));
  }

  private CompletableFuture<?> write(NbdClient client, int first, int sectors, int kind) {
    if (!occupy(first, sectors, false)) {
      return CompletableFuture.completedFuture(null);
    }
    boolean zero = kind < 8;
    long number;
    synchronized (this) {
      number = ++writes;
      record(new Line.Sent(number, zero, first, sectors));
    }
    long offset = (long) first * Stamp.SECTOR_BYTES;
    long bytes = (long) sectors * Stamp.SECTOR_BYTES;
    CompletableFuture<Void> request;
    if (kind == 5) {
      request = client.trim(offset, bytes);
    } else if (zero) {
      request = client.writeZeroes(offset, bytes, kind == 6, false);
    } else {
      request = client.write(offset, Stamp.fill(number, first, sectors), kind == 8);
    }
    return request
        .thenRun(() -> record(new Line.Acknowledged(number)))
        .whenComplete((_, failure) -> ended(client, failure, first, sectors, false));
  }

  /** Writes may overlap one another; a read shares its sectors with none. */
  private synchronized boolean occupy(int first, int sectors, boolean read) {
    for (int i = first; i < first + sectors; i++) {
      if (read ? busy[i] != 0 : busy[i] < 0) {
        return false;
      }
    }
    for (int i = first; i < first + sectors; i++) {
      busy[i] = read ? -1 : busy[i] + 1;
    }
    return true;
  }

  /** After a failure nothing more is asked of this connection, least of all of these sectors. */
  private void ended(NbdClient client, Throwable failure, int first, int sectors, boolean read) {
    if (failure != null) {
      client.abort();
    }
    vacate(first, sectors, read);
  }

  private synchronized void vacate(int first, int sectors, boolean read) {
    for (int i = first; i < first + sectors; i++) {
      busy[i] = read ? 0 : busy[i] - 1;
    }
  }

  private synchronized void record(Line line) {
    try {
      log.write(line.format());
      log.newLine();
      log.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    acknowledged += line instanceof Line.Acknowledged ? 1 : 0;
    reads += line instanceof Line.Read ? 1 : 0;
    history
        .add(line)
        .ifPresent(
            found -> {
              complaint = found;
              stop.set(true);
            });
  }
}
