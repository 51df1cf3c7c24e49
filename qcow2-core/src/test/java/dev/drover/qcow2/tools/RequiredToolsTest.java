package dev.drover.qcow2.tools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class RequiredToolsTest {

  private static final List<String> NEEDED = List.of("qemu-img", "fio");

  @Test
  void runsWhereEveryToolIsThere() {
    assertFalse(RequiredTools.evaluate(NEEDED, _ -> true, true).isDisabled());
  }

  @Test
  void skipsByNameWhereOneIsMissing() {
    var result = RequiredTools.evaluate(NEEDED, tool -> tool.equals("fio"), false);
    assertTrue(result.isDisabled());
    assertEquals("not installed or not running: qemu-img", result.getReason().orElseThrow());
  }

  @Test
  void failsInsteadWhereToolsAreRequired() {
    assertThrows(
        IllegalStateException.class, () -> RequiredTools.evaluate(NEEDED, _ -> false, true));
  }

  @Test
  void zeroAndEmptyDoNotRequireThem() {
    assertFalse(RequiredTools.strict(null));
    assertFalse(RequiredTools.strict(""));
    assertFalse(RequiredTools.strict("0"));
    assertTrue(RequiredTools.strict("1"));
  }
}
