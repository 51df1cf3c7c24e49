package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's first command tells the whole story, and only if it is true. */
final class DemoIT {

  @TempDir Path folder;

  @Test
  void theDemoHoldsAndLeavesItsImages() {
    Path files = folder.resolve("demo");
    try (Drover drover = new Drover("localhost:1", EmbeddedKafka.freshPrefix(), folder)) {
      Drover.Outcome demo = drover.run("demo", "--dir", files, "--json").expect(0);
      List<String> lines = demo.out().lines().toList();
      JsonNode summary = Replicas.json(lines.getLast());
      assertEquals("summary", summary.get("type").asText());
      assertTrue(Files.isDirectory(files));
      System.out.println("DemoIT: " + summary);
    }
  }
}
