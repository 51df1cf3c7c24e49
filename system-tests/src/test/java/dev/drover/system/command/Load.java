package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.nbd.client.NbdClient;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * A guest that writes, zeroes and flushes without end, from a seed, until it is closed; it
 * remembers what its disk holds.
 */
final class Load implements AutoCloseable {

  private static final int LARGEST = 256 << 10;
  private static final long BYTES_PER_SECOND = 3L << 20;
  private static final int CHUNK = 1 << 20;

  /**
   * What the disk held at a moment that a snapshot keeps: what is wrong by then is not overwritten
   * before somebody looks.
   *
   * @param checksums of each chunk
   */
  record Moment(String snapshot, List<Long> checksums) {}

  private final NbdClient client;
  private final Random random;
  private final Thread thread;
  private final byte[] disk;
  private volatile boolean stopping;
  private volatile Throwable failure;

  private Load(NbdClient client, Random random) {
    this.client = client;
    this.random = random;
    this.disk = new byte[Math.toIntExact(client.sizeBytes())];
    this.thread = Thread.ofPlatform().name("load").unstarted(this::write);
  }

  static Load on(Drover.Gateway gateway, long seed) throws IOException {
    Load load = new Load(NbdClient.connect(URI.create(gateway.uri())), new Random(seed));
    load.thread.start();
    return load;
  }

  private void write() {
    try {
      long start = System.nanoTime();
      long written = 0;
      while (!stopping) {
        written += change();
        long due = start + written * 1_000_000_000L / BYTES_PER_SECOND;
        long early = due - System.nanoTime();
        if (early > 0) {
          Thread.sleep(early / 1_000_000, (int) (early % 1_000_000));
        }
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      failure = e;
    }
  }

  /** One request at 512-byte granularity anywhere on the disk; the bytes it touched. */
  private synchronized int change() throws IOException {
    int length = 512 * (1 + random.nextInt(LARGEST / 512));
    int offset = 512 * random.nextInt((disk.length - length) / 512);
    switch (random.nextInt(12)) {
      case 0 -> {
        NbdClient.await(client.writeZeroes(offset, length, false, false));
        Arrays.fill(disk, offset, offset + length, (byte) 0);
      }
      case 1 -> {
        NbdClient.await(client.trim(offset, length));
        Arrays.fill(disk, offset, offset + length, (byte) 0);
      }
      case 2 -> NbdClient.await(client.flush());
      default -> {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        NbdClient.await(client.write(offset, ByteBuffer.wrap(bytes), random.nextInt(10) == 0));
        System.arraycopy(bytes, 0, disk, offset, length);
      }
    }
    return length;
  }

  /** Lets the guest rest with nothing in flight while a snapshot of this name is taken. */
  synchronized Moment keep(String snapshot, Consumer<String> take) {
    take.accept(snapshot);
    List<Long> checksums = new ArrayList<>();
    for (int offset = 0; offset < disk.length; offset += CHUNK) {
      checksums.add(checksum(ByteBuffer.wrap(disk, offset, CHUNK)));
    }
    return new Moment(snapshot, checksums);
  }

  private static long checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return crc.getValue();
  }

  /** An image's snapshot holds what the disk held when it was taken. */
  static void assertKept(Path image, Moment moment) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    try (Qcow2Image now = Qcow2Image.open(HostFile.openForReading(image), true);
        Qcow2Image then = now.openSnapshot(moment.snapshot())) {
      for (int i = 0; i < moment.checksums().size(); i++) {
        then.read(new GuestOffset((long) i * CHUNK), chunk.clear());
        assertEquals(
            moment.checksums().get(i),
            checksum(chunk.flip()),
            "%s: snapshot %s differs in MiB %d".formatted(image, moment.snapshot(), i));
      }
    }
  }

  /** Fails if the guest has met an error. */
  void assertRunning() {
    if (failure != null) {
      throw new AssertionError("the guest met an error", failure);
    }
  }

  /** After {@link #close}: an image holds what was written, byte for byte. */
  void assertWritten(Path image) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    try (Qcow2Image found = Qcow2Image.open(HostFile.openForReading(image), true)) {
      for (int offset = 0; offset < disk.length; offset += chunk.capacity()) {
        found.read(new GuestOffset(offset), chunk.clear());
        ByteBuffer wanted = ByteBuffer.wrap(disk, offset, chunk.capacity());
        int differs = chunk.flip().mismatch(wanted);
        if (differs >= 0) {
          throw new AssertionError(image + " differs at guest offset " + (offset + differs));
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    stopping = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    client.close();
    assertRunning();
  }
}
