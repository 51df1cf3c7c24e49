package dev.drover.system.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DistributionIT {

  private static final Path HOME = Path.of(System.getProperty("drover.home"));

  @TempDir Path folder;

  @Test
  void runsThroughALinkFromAnyFolder() throws Exception {
    Path link =
        Files.createSymbolicLink(folder.resolve("a link"), HOME.resolve("bin/drover").toRealPath());
    Process process =
        new ProcessBuilder(link.toString(), "--version").directory(folder.toFile()).start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "hangs");
    assertEquals("", new String(process.getErrorStream().readAllBytes()));
    String version = new String(process.getInputStream().readAllBytes());
    assertTrue(version.startsWith("drover 0."), version);
    assertEquals(0, process.exitValue());
    Files.delete(link);
  }

  @Test
  void carriesEveryLibraryOnceAndNoTestCode() throws IOException {
    try (Stream<Path> jars = Files.list(HOME.resolve("lib"))) {
      List<String> names = jars.map(jar -> jar.getFileName().toString()).sorted().toList();
      var byArtifact =
          names.stream()
              .collect(
                  Collectors.groupingBy(
                      name -> name.replaceFirst("-[0-9][^-]*(-SNAPSHOT)?\\.jar$", ""),
                      TreeMap::new,
                      Collectors.toList()));
      byArtifact.values().removeIf(versions -> versions.size() == 1);
      assertEquals(new TreeMap<>(), byArtifact);
      List<String> foreign =
          names.stream()
              .filter(name -> name.matches("(junit|testcontainers|archunit|.*-tests?\\b).*"))
              .toList();
      assertEquals(List.of(), foreign);
    }
  }
}
