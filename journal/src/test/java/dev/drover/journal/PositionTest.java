package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class PositionTest {
  private static final Position SOME =
      new Position(0x1234, 7, 0xCAFEBABE, 0x1000, 0x201, 0x0F00, 0x42, 0x4000_0000_0000L, 1L << 40);

  /** What images hold in their slots; it never changes. */
  private static final String GOLDEN =
      """
      00 00 00 00 00 00 12 34  00 00 00 07 ca fe ba be
      00 00 00 00 00 00 10 00  00 00 00 00 00 00 02 01
      00 00 00 00 00 00 0f 00  00 00 00 00 00 00 00 42
      00 00 40 00 00 00 00 00  00 00 01 00 00 00 00 00
      """;

  @Test
  void theBinaryFormIsTheGoldenOne() {
    ByteBuffer bytes = ByteBuffer.allocate(Position.BYTES);
    SOME.encode(bytes);
    byte[] golden = HexFormat.of().parseHex(GOLDEN.replaceAll("\\s", ""));
    assertEquals(ByteBuffer.wrap(golden), bytes.flip());
    assertEquals(SOME, Position.decode(ByteBuffer.wrap(golden)));
  }

  @Test
  void aPositionSurvivesJson() throws Exception {
    var json = new ObjectMapper();
    assertEquals(SOME, json.readValue(json.writeValueAsString(SOME), Position.class));
    assertEquals(
        Position.START, json.readValue(json.writeValueAsString(Position.START), Position.class));
  }

  @Test
  void bytesThatAreNoPositionAreRefused() {
    byte[] noise = new byte[Position.BYTES];
    noise[0] = (byte) 0x80;
    assertThrows(IllegalArgumentException.class, () -> Position.decode(ByteBuffer.wrap(noise)));
  }

  @Test
  void theSameRecordBelowMeansOffsetChecksumAndLeaderEpochAsFarAsKnown() {
    assertTrue(SOME.sameRecordBelow(SOME));
    assertTrue(SOME.sameRecordBelow(with(SOME, -1, SOME.headerCrc())));
    assertFalse(SOME.sameRecordBelow(with(SOME, 8, SOME.headerCrc())));
    assertFalse(SOME.sameRecordBelow(with(SOME, 7, 1)));
  }

  private static Position with(Position p, int leaderEpoch, int crc) {
    return new Position(
        p.nextOffset(),
        leaderEpoch,
        crc,
        p.epoch(),
        p.nextSequence(),
        p.endedEpoch(),
        p.endedSequence(),
        p.totalPayloadBytes(),
        p.timestampMillis());
  }
}
