package dev.drover.qcow2.fuzz;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** I-13: any byte of any image may be anything. */
final class HostileBytesTest {

  private static final long SEED = Long.getLong("drover.seed", 13);
  private static final int RUNS = Integer.getInteger("drover.flips", 500);

  @Test
  void anyBytesMayBeWrongWhateverIsDoneWithTheImage() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Map.Entry<String, MemoryBlockFile>> seeds = new ArrayList<>(SeedImages.all().entrySet());
    for (int run = 0; run < RUNS; run++) {
      Map.Entry<String, MemoryBlockFile> seed = seeds.get(run % seeds.size());
      byte[] image = damaged(seed.getValue().bytes(), random);
      try {
        new HostileImage(image).look();
        new HostileImage(image).write(run);
        new HostileImage(image).operate(random.nextLong());
        new HostileImage(image).repair();
      } catch (IOException | RuntimeException | AssertionError e) {
        throw new AssertionError(
            "seed %d, run %d on %s: %s".formatted(SEED, run, seed.getKey(), e), e);
      }
    }
    System.out.println("hostile bytes: " + RUNS + " images");
  }

  /** One byte to a handful, half of them where all the tables of a small image are. */
  private static byte[] damaged(byte[] image, SplittableRandom random) {
    for (int n = random.nextInt(1, 5); n > 0; n--) {
      int at = random.nextInt(random.nextBoolean() ? Math.min(4096, image.length) : image.length);
      image[at] =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> (byte) (image[at] ^ 1 << random.nextInt(8));
            default -> (byte) random.nextInt();
          };
    }
    return image;
  }

  @Test
  void aFileMayEndAnywhere() throws IOException {
    for (Map.Entry<String, MemoryBlockFile> seed : SeedImages.all().entrySet()) {
      byte[] image = seed.getValue().bytes();
      assertTrue(image.length > 512);
      for (int length = 0; length < image.length; length += length < 600 ? 53 : 1021) {
        byte[] cut = java.util.Arrays.copyOf(image, length);
        new HostileImage(cut).look();
        new HostileImage(cut).write(length);
        new HostileImage(cut).operate(length);
        new HostileImage(cut).repair();
      }
    }
  }
}
