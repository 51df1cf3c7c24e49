package dev.drover.qcow2.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Looks for images that make this library do what it never may, guided by coverage: Jazzer's core
 * in child JVMs with a small heap, beginning with {@link SeedImages}.
 *
 * <pre>
 *   mvn -pl qcow2-core test -Dtest=FuzzTest -Ddrover.fuzz.seconds=600 \
 *       -Ddrover.fuzz.target=FuzzRepair -Ddrover.fuzz.corpus=/var/tmp/corpus
 * </pre>
 *
 * <p>What it finds is kept: the input goes to {@code src/test/resources/dev/drover/qcow2/fuzz}
 * under a name that begins with its target's, where {@link FoundImagesTest} tries it for ever.
 */
final class FuzzTest {

  private static final int SECONDS = Integer.getInteger("drover.fuzz.seconds", 4);
  private static final String TARGET = System.getProperty("drover.fuzz.target", "");
  private static final String CORPUS = System.getProperty("drover.fuzz.corpus", "");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  Path folder;

  private record Run(String target, Process process, Path log) {}

  @Test
  @Timeout(value = 1, unit = TimeUnit.DAYS)
  void noImageMakesUsDoWhatWeNeverMay() throws Exception {
    List<Run> runs = new ArrayList<>();
    for (Class<?> target : List.of(FuzzRead.class, FuzzWrite.class, FuzzRepair.class)) {
      if (TARGET.isEmpty() || target.getSimpleName().equals(TARGET)) {
        runs.add(start(target));
      }
    }
    for (Run run : runs) {
      int exitCode = run.process().waitFor();
      String log = Files.readString(run.log(), StandardCharsets.ISO_8859_1);
      String end = log.substring(Math.max(0, log.length() - 6000));
      assertEquals(0, exitCode, () -> run.target() + " in " + folder + ":\n" + end);
      log.lines()
          .filter(line -> line.contains("DONE"))
          .forEach(line -> System.out.println(run.target() + " " + line));
    }
  }

  private Run start(Class<?> target) throws IOException {
    String name = target.getSimpleName();
    Path corpus =
        Files.createDirectories((CORPUS.isEmpty() ? folder : Path.of(CORPUS)).resolve(name));
    for (Map.Entry<String, MemoryBlockFile> seed : SeedImages.all().entrySet()) {
      Files.write(corpus.resolve("seed-" + seed.getKey()), seed.getValue().bytes());
    }
    Path log = folder.resolve(name + ".log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx400m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=dev.drover.qcow2.**",
                "--instrumentation_excludes=dev.drover.qcow2.sim.**:dev.drover.qcow2.fuzz.**",
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/" + name + "-",
                "-max_len=16384",
                "-timeout=20",
                "-rss_limit_mb=0",
                "-max_total_time=" + SECONDS,
                corpus.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new Run(name, process, log);
  }

  /** Maven starts tests from a jar that only names the class path. */
  static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
