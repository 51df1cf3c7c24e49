package dev.drover.system.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.Qemu;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What a guest wrote to a volume, from a seed, byte for byte. */
public final class GuestDisk {

  private static final int LARGEST = 200 << 10;

  private final TestVolume volume;
  private final Random random;
  private final byte[] content;

  public GuestDisk(TestVolume volume, long seed) {
    this.volume = volume;
    this.random = new Random(seed);
    this.content = new byte[Math.toIntExact(volume.volume().sizeBytes())];
  }

  /**
   * That many writes and zeroes anywhere, all in flight at once; the offset of the last one, when
   * every one is acknowledged.
   */
  public long write(int count) throws Exception {
    List<CompletableFuture<Long>> appends = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      appends.add(volume.appendLater(next()));
    }
    for (CompletableFuture<Long> append : appends) {
      append.get(60, TimeUnit.SECONDS);
    }
    return appends.getLast().get();
  }

  /** The next request, as if it had been acknowledged. */
  public Intent next() {
    int length = 512 * (1 + random.nextInt(LARGEST / 512));
    int offset = 512 * random.nextInt((content.length - length) / 512);
    if (random.nextInt(6) == 0) {
      Arrays.fill(content, offset, offset + length, (byte) 0);
      return new Intent.Zero(offset, length, false);
    }
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    System.arraycopy(bytes, 0, content, offset, length);
    return new Intent.Write(offset, ByteBuffer.wrap(bytes));
  }

  /** The content as it is now. */
  public byte[] content() {
    return content.clone();
  }

  /** An image that nobody holds: clean for us and for QEMU, and exactly this content. */
  public void assertOn(Path image) throws IOException {
    assertHolds(content, image);
  }

  /** An image that nobody holds: clean for us and for QEMU, and exactly that content. */
  public static void assertHolds(byte[] content, Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      CheckReport check = ImageCheck.check(file, ImageCheck.Repair.NONE);
      assertTrue(check.isClean(), check::toString);
    }
    assertEquals(0, Qemu.checkClean(image).number("leaks"));
    try (Qcow2Image disk = Qcow2Image.open(HostFile.openForReading(image), true)) {
      ByteBuffer found = ByteBuffer.allocate(content.length);
      disk.read(new GuestOffset(0), found);
      int differs = found.flip().mismatch(ByteBuffer.wrap(content));
      assertEquals(-1, differs, image + " differs at that offset");
    }
  }
}
