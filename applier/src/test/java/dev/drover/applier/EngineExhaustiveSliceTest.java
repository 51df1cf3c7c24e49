package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.EngineExhaustive.Chunk;
import dev.drover.applier.EngineExhaustive.Way;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The slice of {@link EngineExhaustiveProfile} that every build runs. */
final class EngineExhaustiveSliceTest {

  private static final int LEAST = 200;

  @Test
  void anEngineMayEndAtEveryIoAfterAnyTrouble() throws IOException {
    EngineExhaustive slice = new EngineExhaustive(4, 3, 17);
    List<Chunk> chunks = new ArrayList<>(EngineExhaustive.chunks(Way.CUT, "story", 1));
    chunks.addAll(EngineExhaustive.chunks(Way.LOG_CUT, "story", 2));
    for (Way way : List.of(Way.CUT_TWICE, Way.FAIL_CUT, Way.KILL_CUT)) {
      chunks.addAll(EngineExhaustive.chunks(way, "story", 11));
    }
    long states = 0;
    for (Chunk chunk : chunks) {
      states += slice.explore(chunk);
    }
    System.out.println("engine: %,d crash states in %d chunks".formatted(states, chunks.size()));
    assertTrue(states >= LEAST, "too few: " + states);
  }
}
