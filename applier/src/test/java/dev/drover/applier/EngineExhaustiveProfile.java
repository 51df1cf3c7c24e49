package dev.drover.applier;

import dev.drover.applier.EngineExhaustive.Chunk;
import dev.drover.applier.EngineExhaustive.Way;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.sim.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every way for an engine to end in the middle of a story: {@code mvn -pl applier -am verify
 * -Dtest=EngineExhaustiveProfile -Dsurefire.failIfNoSpecifiedTests=false}. It may be interrupted at
 * any time and goes on where it was; see docs/simulation.md.
 */
final class EngineExhaustiveProfile {

  private static final Path PROGRESS =
      Path.of(System.getProperty("drover.exhaustive.progress", "target/exhaustive/progress.txt"));

  /** Of what {@link EngineExhaustive} draws; no seed: its samples depend on the state alone. */
  private static final long SAMPLING = 1;

  private static final List<String> STORIES = List.of("takeover", "story", "snapshot", "structure");

  @Test
  @Timeout(value = 120, unit = TimeUnit.MINUTES)
  void anEngineMayEndAtEveryIoAfterAnyTrouble() throws IOException {
    Progress progress =
        Progress.open(
            PROGRESS, SAMPLING, Qcow2Image.class, ApplyEngine.class, EngineExhaustive.class);
    long before = progress.before().stream().mapToLong(counts -> counts[0]).sum();
    System.out.println("engine, exhaustive: done before: %,d crash states".formatted(before));
    EngineExhaustive all = new EngineExhaustive(512, 8, 1);
    long states = before;
    for (Chunk chunk : chunks()) {
      if (!progress.isDone(chunk.toString())) {
        long more = all.explore(chunk);
        progress.done(chunk.toString(), more);
        states += more;
      }
    }
    System.out.println("engine, exhaustive: %,d crash states".formatted(states));
  }

  private static List<Chunk> chunks() throws IOException {
    String only = System.getProperty("drover.exhaustive.ways", "");
    List<Chunk> chunks = new ArrayList<>();
    for (Way way : Way.values()) {
      for (String story : STORIES) {
        if (only.isEmpty() || List.of(only.split(",")).contains(way + ":" + story)) {
          chunks.addAll(EngineExhaustive.chunks(way, story, 1));
        }
      }
    }
    return chunks;
  }
}
