package dev.drover.system.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.tools.RequiresTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images of every combination of features live through the same changes in our hands and in QEMU's,
 * and change hands: their checks, maps and infos agree field by field, and so does every byte.
 *
 * <p>Always on: a cover of all pairs and a sample. All of them: {@code -Ddrover.matrix=all}; other
 * changes: {@code -Ddrover.seed=N}; one alone: {@code -Ddrover.matrix=} and words of its name.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class FormatMatrixTest {

  private static final long SEED = Long.getLong("drover.seed", 11);
  private static final String WHICH = System.getProperty("drover.matrix", "");
  private static final int SAMPLE = 2;
  private static final int THREADS = 2;

  @TempDir Path folder;

  @Test
  @Timeout(value = 1, unit = TimeUnit.HOURS)
  void imagesOfEveryKindAreTheSameInOurHandsAndInQemus() throws Exception {
    Combinations combinations = new Combinations();
    int legal = combinations.all().size();
    List<Combination> chosen = chosen(combinations);
    List<String> failures = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> runs = new ArrayList<>();
      for (Combination each : chosen) {
        Path own = Files.createDirectory(folder.resolve(Integer.toString(runs.size())));
        runs.add(
            executor.submit(
                () -> {
                  new Twins(own, each, SEED).live();
                  return null;
                }));
      }
      for (int i = 0; i < runs.size(); i++) {
        try {
          runs.get(i).get();
        } catch (ExecutionException e) {
          failures.add("%s, seed %d: %s".formatted(chosen.get(i), SEED, e.getCause()));
        }
      }
    }
    System.out.println(
        "format matrix: %d of %d legal combinations".formatted(chosen.size(), legal));
    assertEquals(List.of(), failures);
  }

  private static List<Combination> chosen(Combinations combinations) {
    if (WHICH.isEmpty()) {
      return combinations.pairwiseAnd(SAMPLE, new Random(SEED));
    }
    return combinations.all().stream()
        .filter(each -> WHICH.equals("all") || each.toString().contains(WHICH))
        .toList();
  }
}
