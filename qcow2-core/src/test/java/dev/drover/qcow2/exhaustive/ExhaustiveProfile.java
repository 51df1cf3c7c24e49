package dev.drover.qcow2.exhaustive;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.sim.Progress;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The whole exhaustive simulation: {@code mvn -Pexhaustive -pl qcow2-core verify}. It may be
 * interrupted at any time and goes on where it was when it is started again; see
 * docs/simulation.md.
 */
@RequiresTools("qemu-img")
final class ExhaustiveProfile {

  private static final long SEED = Long.getLong("drover.seed", 1);
  private static final int THREADS = Integer.getInteger("drover.exhaustive.threads", 2);
  private static final Path PROGRESS =
      Path.of(System.getProperty("drover.exhaustive.progress", "target/exhaustive/progress.txt"));
  private static final long LEAST_STATES = 10_000_000;
  private static final int MOST_SAMPLES = 300;

  /** Cheap ones first; see {@link Part#parse}. */
  private static final List<String> PARTS =
      List.of(
          "CUT:table:1",
          "CUT:zstd:3",
          "CUT:1k:3",
          "CUT:4k:2",
          "CUT:bitmaps:3:wgbqln",
          "CUT:bitmaps:2",
          "FAULT:bitmaps:2",
          "RANDOM:bitmaps:300",
          "CUT:named:3",
          "FAULT:named:2",
          "CUT:data:3",
          "CUT:raw:3",
          "FAULT:data:2",
          "FAULT:raw:2",
          "RANDOM:data:300",
          "RANDOM:raw:300",
          "FAULT:table:1",
          "FAULT:empty:2",
          "FAULT:zstd:2",
          "FAULT:block:2",
          "FAULT:1k:2",
          "FAULT:4k:1",
          "CUT:sub:2",
          "CUT:subsnapshot:2",
          "CUT:subbacked:2",
          "CUT:sub1k:2:wWVpxzkdf",
          "FAULT:sub:2",
          "FAULT:subbacked:1",
          "FAULT:subsnapshot:1",
          "RANDOM:sub:100",
          "RANDOM:sub1k:30",
          "RANDOM:used:1000",
          "RANDOM:snapshot:1000",
          "RANDOM:block:300",
          "RANDOM:1k:300",
          "RANDOM:4k:30",
          "CUT:empty:4",
          "CUT:used:4",
          "CUT:snapshot:4",
          "CUT:backed:4",
          "CUT:block:4",
          "CUT:1k:4:wWxmdDcCstf",
          "FAULT:backed:3",
          "FAULT:used:3",
          "FAULT:snapshot:3");

  private final AtomicInteger samples = new AtomicInteger();

  @Test
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void everySequenceHoldsAtEveryFaultAndCut() throws IOException {
    String chosen = System.getProperty("drover.exhaustive.parts");
    List<Part> parts =
        (chosen == null ? PARTS : Arrays.asList(chosen.split(",")))
            .stream().map(Part::parse).toList();
    Progress progress = Progress.open(PROGRESS, SEED, Qcow2Image.class, Exhaustive.class);
    System.out.println(
        "exhaustive: seed " + SEED + ", done before: " + Exhaustive.before(progress));
    long start = System.nanoTime();
    Tally tally = new Exhaustive(parts, SEED, progress, this::sample).run(THREADS);
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    System.out.printf(
        "exhaustive: %s; %d of them judged by qemu-img check; seed %d, %d s on %d threads%n",
        tally, samples.get(), SEED, took.toSeconds(), THREADS);
    assertTrue(
        chosen != null || tally.states() >= LEAST_STATES,
        "fewer states than promised: enlarge the alphabet");
  }

  private void sample(MemoryBlockFile recovered) throws IOException {
    if (samples.get() >= MOST_SAMPLES) {
      return;
    }
    Path image = Files.createTempFile(PROGRESS.toAbsolutePath().getParent(), "state", ".qcow2");
    try {
      recovered.store(image);
      Qemu.checkClean(image);
      samples.incrementAndGet();
    } finally {
      Files.delete(image);
    }
  }
}
