package dev.drover.qcow2.fuzz;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@link FuzzTest} has found once is tried for ever, by each target. */
final class FoundImagesTest {

  @Test
  void whatWasFoundOnceIsMended() throws IOException, URISyntaxException {
    Path folder = Path.of(FoundImagesTest.class.getResource("found.txt").toURI()).getParent();
    List<Path> found;
    try (Stream<Path> files = Files.list(folder)) {
      found = files.filter(file -> file.toString().endsWith(".qcow2")).sorted().toList();
    }
    assertTrue(!found.isEmpty());
    for (Path image : found) {
      byte[] bytes = Files.readAllBytes(image);
      assertDoesNotThrow(() -> FuzzRead.fuzzerTestOneInput(bytes), image::toString);
      assertDoesNotThrow(() -> FuzzWrite.fuzzerTestOneInput(bytes), image::toString);
      assertDoesNotThrow(() -> FuzzRepair.fuzzerTestOneInput(bytes), image::toString);
    }
  }
}
