package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChunkerTest {
  private static final int MAX = Chunker.MAX_DATA_BYTES;

  @Test
  void aWriteUpToTheLimitIsOneIntent() {
    ByteBuffer data = ByteBuffer.allocate(MAX);
    assertEquals(List.of(new Intent.Write(7, data)), Chunker.write(7, data));
  }

  @Test
  void aLongerWriteBecomesSeveralInOrderWithoutACopy() {
    byte[] bytes = new byte[2 * MAX + 3];
    bytes[3] = 1;
    bytes[MAX + 3] = 2;
    bytes[2 * MAX + 2] = 3;
    ByteBuffer data = ByteBuffer.wrap(bytes).position(2);
    List<Intent> chunks = Chunker.write(1000, data);
    assertEquals(2, data.position());
    long next = 1000;
    ByteBuffer whole = ByteBuffer.allocate(data.remaining());
    for (Intent chunk : chunks) {
      var write = (Intent.Write) chunk;
      assertEquals(next, write.guestOffset());
      assertSame(bytes, write.data().array());
      whole.put(write.data());
      next += write.length();
    }
    assertEquals(3, chunks.size());
    assertEquals(data, whole.flip());
  }

  @Test
  void zeroAndTrimAreNotChunkedAndOnlyZeroCanKeep() {
    assertEquals(new Intent.Zero(0, 1L << 40, true), Chunker.zero(0, 1L << 40, true));
    assertEquals(new Intent.Zero(5, 1L << 40, false), Chunker.trim(5, 1L << 40));
    Intent zero = Chunker.trim(0, 1L << 40);
    assertEquals(List.of(zero), Chunker.split(zero));
  }

  @Test
  void nothingToWriteIsNothing() {
    assertEquals(List.of(), Chunker.write(0, ByteBuffer.allocate(0)));
  }

  @Test
  void rangesThatDoNotFitALongAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new Intent.Zero(Long.MAX_VALUE - 1, 2, false));
    assertThrows(IllegalArgumentException.class, () -> new Intent.Zero(-1, 1, false));
    assertThrows(IllegalArgumentException.class, () -> new Intent.Zero(0, 0, false));
    assertThrows(IllegalArgumentException.class, () -> new Intent.Write(0, ByteBuffer.allocate(0)));
  }
}
