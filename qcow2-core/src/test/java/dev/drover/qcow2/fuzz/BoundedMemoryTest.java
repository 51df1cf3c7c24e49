package dev.drover.qcow2.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Memory is bounded by caches and by what the file can back, never by what a header claims. */
final class BoundedMemoryTest {

  /** Under the 32 MiB that the largest L1 table alone would take. */
  private static final String HEAP = "-Xmx24m";

  @Test
  void tinyFilesMayClaimHugeTablesUnderASmallHeap() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                HEAP,
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                FuzzTest.classPath(),
                HostileClaims.class.getName())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, process.waitFor(), output);
  }
}
