package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Keeps the test-jar from being empty; delete it with the first real test of this module. */
final class SkeletonTest {

  @Test
  void testsRunOnJdk25() {
    assertEquals(25, Runtime.version().feature());
  }
}
