package dev.drover.cli.value;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.journal.Point;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PointsTest {
  @Test
  void everyKindOfPointIsUnderstood() {
    assertEquals(new Point.End(), Points.parse("end"));
    assertEquals(new Point.AtOffset(17), Points.parse("offset:17"));
    assertEquals(new Point.AtOffset(0), Points.parse("offset:0"));
    assertEquals(new Point.AtSnapshot("s-1"), Points.parse("snapshot:s-1"));
    assertEquals(new Point.AtMark("m_1"), Points.parse("mark:m_1"));
    assertEquals(
        new Point.AtTime(Instant.parse("2026-01-31T12:00:00Z")),
        Points.parse("time:2026-01-31T13:00:00+01:00"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "End",
        "start",
        "offset:",
        "offset:-1",
        "offset:1.5",
        "offset:99999999999999999999",
        "time:yesterday",
        "time:2026-01-31",
        "time:+999999999-01-01T00:00:00Z",
        "snapshot:",
        "snapshot:a b",
        "mark:../x",
        "offset",
        "17"
      })
  void whatIsNoPointIsRefused(String text) {
    assertThrows(IllegalValue.class, () -> Points.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "_a", "a.b", "a/b", "a b", "é"})
  void namesThatWouldNotBeSafeInATopicAreRefused(String name) {
    assertThrows(IllegalValue.class, () -> Names.check("volume", name));
  }

  @Test
  void namesHaveOneTo63Characters() {
    assertEquals("a", Names.check("volume", "a"));
    assertEquals("A".repeat(63), Names.check("volume", "A".repeat(63)));
    assertThrows(IllegalValue.class, () -> Names.check("volume", "a".repeat(64)));
  }

  @Test
  void aNameMadeFromAFileAndAHostIsValid() {
    assertEquals("disk-1-host-local", Names.cleaned("disk.1-host.local"));
    assertEquals("a", Names.cleaned("_-a"));
    assertEquals("image", Names.cleaned("---"));
    assertEquals(63, Names.cleaned("x".repeat(200)).length());
  }
}
