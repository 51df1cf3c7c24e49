package dev.drover.cli.replica;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import org.junit.jupiter.api.Test;

class ServedSizeTest {
  private long shown = ServedSize.UNKNOWN;
  private final ServedSize guard = new ServedSize(() -> shown);

  private boolean mayResize(long size) {
    return guard.test(new Intent.Resize(size));
  }

  @Test
  void nothingIsResizedBeforeTheSizeIsKnown() {
    assertFalse(mayResize(1024));
    assertTrue(guard.test(new Intent.Mark("m")));
    shown = 512;
    assertTrue(mayResize(1024));
  }

  @Test
  void ofTwoVerbsThatAskAtOnceTheSmallerSizeLosesIfItComesLast() {
    shown = 512;
    assertTrue(mayResize(1024));
    assertTrue(mayResize(4096));
    assertFalse(mayResize(2048));
    shown = 4096;
    assertFalse(mayResize(1024));
    assertTrue(mayResize(4096));
  }
}
