package dev.drover.benchmarks;

import dev.drover.qcow2.BackingOpener;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.OpenOptions;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Random reads of 4 KiB over a disk of 32 GiB whose L2 tables, 4 MiB, fit in the cache or do not.
 * Its clusters have their places and read as zeroes, so that looking them up is what costs. The
 * tables are in the page cache of the host in either case. {@link #main} prints how many times
 * slower the smaller cache is.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class L2CacheBenchmark {

  private static final long DISK_BYTES = 32L << 30;
  private static final int READ_BYTES = 4096;

  /** Of the 4 MiB that the tables take: all, a quarter, and two slices. */
  @Param({"4096", "1024", "8"})
  public int cacheKib;

  private final SplittableRandom random = new SplittableRandom(1);
  private final ByteBuffer block = ByteBuffer.allocateDirect(READ_BYTES);
  private Path path;
  private Qcow2Image image;

  /** Makes the image, and looks at each slice once. */
  @Setup
  public void makeImage() throws IOException {
    path = Files.createTempDirectory("l2-cache").resolve("large.qcow2");
    CreateOptions options = CreateOptions.ofSize(DISK_BYTES);
    Qcow2Image.create(HostFile.createNew(path), options.withPreallocation(Preallocation.METADATA))
        .close();
    OpenOptions bounded = OpenOptions.DEFAULT.withL2CacheBytes((long) cacheKib << 10);
    image = Qcow2Image.open(HostFile.openForReading(path), true, BackingOpener.REFUSE, bounded);
    long sliceMaps = 512L * image.clusterSizeBytes();
    for (long at = 0; at < DISK_BYTES; at += sliceMaps) {
      image.read(new GuestOffset(at), block.clear());
    }
  }

  /** Closes and deletes the image. */
  @TearDown
  public void deleteImage() throws IOException {
    image.close();
    Files.delete(path);
    Files.delete(path.getParent());
  }

  /** One read, anywhere. */
  @Benchmark
  public ByteBuffer read() throws IOException {
    long at = random.nextLong(DISK_BYTES / READ_BYTES) * READ_BYTES;
    image.read(new GuestOffset(at), block.clear());
    return block;
  }

  /** Runs all sizes of the cache, and compares them with the first. */
  public static void main(String[] args) throws RunnerException {
    Collection<RunResult> results =
        new Runner(new OptionsBuilder().include(L2CacheBenchmark.class.getName()).build()).run();
    double fitting = results.iterator().next().getPrimaryResult().getScore();
    for (RunResult result : results) {
      double score = result.getPrimaryResult().getScore();
      System.out.printf(
          "cache of %s KiB: %.0f ns, %.2f times the first%n",
          result.getParams().getParam("cacheKib"), score, score / fitting);
    }
  }
}
