package dev.drover.cli.fleet;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.cli.value.IllegalValue;
import org.junit.jupiter.api.Test;

final class NamePatternTest {
  @Test
  void aStarIsAnyRunAndAQuestionMarkAnyOne() {
    assertTrue(NamePattern.parse("web-*").matches("web-"));
    assertTrue(NamePattern.parse("web-*").matches("web-12"));
    assertFalse(NamePattern.parse("web-*").matches("a-web-1"));
    assertTrue(NamePattern.parse("db?").matches("db1"));
    assertFalse(NamePattern.parse("db?").matches("db12"));
    assertTrue(NamePattern.parse("*").matches("anything"));
  }

  @Test
  void whatNoNameCanMatchIsTold() {
    assertThrows(IllegalValue.class, () -> NamePattern.parse("web.*"));
    assertThrows(IllegalValue.class, () -> NamePattern.parse(""));
  }
}
