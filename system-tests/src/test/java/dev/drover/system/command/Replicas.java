package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drover.qcow2.tools.Qemu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** What tests ask about a volume's replicas. */
final class Replicas {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CATCH_UP = Duration.ofSeconds(120);

  private Replicas() {}

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + text, e);
    }
  }

  /** A volume's log end, from {@code volume show}. */
  static long logEnd(Drover drover, String volume) {
    return json(drover.ok("volume", "show", volume, "--json")).get("logEndOffset").asLong();
  }

  /** A replica's line of {@code status}; empty while it has not registered. */
  static Optional<JsonNode> status(Drover drover, String volume, String replica) {
    JsonNode status = json(drover.run("status", volume, "--json").out());
    for (JsonNode each : status.findValues("replicas").getFirst()) {
      if (each.get("replica").asText().equals(replica)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  /** Waits until a replica is in a state. */
  static JsonNode awaitState(Drover drover, String volume, String replica, String state) {
    return Await.value(
        CATCH_UP,
        () ->
            status(drover, volume, replica)
                .filter(each -> each.get("state").asText().equals(state)),
        () -> replica + " is not " + state + ": " + status(drover, volume, replica));
  }

  /** QEMU's own judgement of one image: no error, no leak. */
  static void assertCleanForQemu(Path image) {
    Qemu.Result check = Qemu.checkClean(image);
    assertEquals(0, check.number("leaks"), check.output());
    assertEquals(0, check.number("check-errors"), check.output());
  }

  /** QEMU's own comparison of guest content. */
  static void assertIdenticalForQemu(Path a, String formatA, Path b) {
    Qemu.img("compare", "-f", formatA, "-F", "qcow2", a, b).orFail();
  }
}
