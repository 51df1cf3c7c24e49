package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SpellingTest {
  @Test
  void lettersChangedAddedLeftOutOrSwappedAreCounted() {
    assertEquals(0, Spelling.distance("prefix", "prefix"));
    assertEquals(1, Spelling.distance("prefix", "perfix"));
    assertEquals(1, Spelling.distance("prefix", "prefx"));
    assertEquals(1, Spelling.distance("prefix", "prefixx"));
    assertEquals(1, Spelling.distance("prefix", "prefax"));
    assertEquals(6, Spelling.distance("", "prefix"));
  }

  @Test
  void theNearestNameIsMeantIfItIsNear() {
    List<String> names = List.of("overlay.size", "prefix", "bootstrap.servers");
    assertEquals(Optional.of("overlay.size"), Spelling.nearest("overlaysize", names));
    assertEquals(Optional.of("bootstrap.servers"), Spelling.nearest("boostrap.server", names));
    assertEquals(Optional.empty(), Spelling.nearest("volume", names));
  }

  @Test
  void aSlipIsOneLetterOrTwoAndNotNone() {
    assertTrue(Spelling.isSlip("sasl.mechansim", "sasl.mechanism"));
    assertFalse(Spelling.isSlip("sasl.mechanism", "sasl.mechanism"));
    assertFalse(Spelling.isSlip("sasl", "ssl.key"));
  }
}
