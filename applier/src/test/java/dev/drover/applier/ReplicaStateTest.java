package dev.drover.applier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalIdentity;
import dev.drover.journal.Position;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class ReplicaStateTest {

  private static final Position APPLIED =
      new Position(1000, 3, 0xcafebabe, 900, 99, 800, 17, 123_456_789, 1_790_000_000_000L);
  private static final Position MIN_RECOVERY =
      new Position(1100, 4, 0x01020304, 900, 199, 800, 17, 123_999_999, 1_790_000_000_500L);
  private static final ReplicaState STATE =
      new ReplicaState(
          UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
          UUID.fromString("0f0e0d0c-0b0a-0908-0706-050403020100"),
          "local-hosta",
          new ReplicaState.Owner(
              UUID.fromString("11111111-2222-3333-4444-555555555555"), 0x803, 0x123456789aL),
          new JournalIdentity("xtzWWN4bTjitpL3kfd9s5g", "k6yKz4XGQpyPq0yQ8sWf1A"),
          APPLIED,
          MIN_RECOVERY);

  /** Version 1, byte by byte: what is in images out there. Never change it; add a version. */
  private static final String GOLDEN_V1 =
      String.join(
          "",
          "0001" + "0000",
          "00112233445566778899aabbccddeeff",
          "0f0e0d0c0b0a09080706050403020100",
          "11111111222233334444555555555555",
          "0000000000000803" + "000000123456789a",
          "00000000000003e8" + "00000003" + "cafebabe" + "0000000000000384" + "0000000000000063",
          "0000000000000320" + "0000000000000011" + "00000000075bcd15" + "000001a0c4506c00",
          "000000000000044c" + "00000004" + "01020304" + "0000000000000384" + "00000000000000c7",
          "0000000000000320" + "0000000000000011" + "00000000076416ff" + "000001a0c4506df4",
          "0b" + "6c6f63616c2d686f737461",
          "16" + "78747a57574e3462546a6974704c336b66643973" + "3567",
          "16" + "6b36794b7a3458475170795071307951" + "387357663141");

  @Test
  void theBytesOfVersionOneAreTheGoldenOnes() {
    assertEquals(GOLDEN_V1, HexFormat.of().formatHex(STATE.encode()));
    assertEquals(STATE, ReplicaState.decode(HexFormat.of().parseHex(GOLDEN_V1)));
  }

  @Test
  void theLongestNamesFitASlot() {
    ReplicaState longest =
        new ReplicaState(
            STATE.volume(),
            STATE.incarnation(),
            "n".repeat(63),
            STATE.owner(),
            new JournalIdentity("c".repeat(64), "t".repeat(32)),
            APPLIED,
            MIN_RECOVERY);
    assertTrue(longest.encode().length <= ReplicaState.MAX_BYTES);
    assertEquals(longest, ReplicaState.decode(longest.encode()));
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeItIsWritten() {
    JournalIdentity tooLong = new JournalIdentity("c".repeat(65), "t");
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new ReplicaState(
                STATE.volume(),
                STATE.incarnation(),
                "r",
                STATE.owner(),
                tooLong,
                APPLIED,
                MIN_RECOVERY));
  }

  @Test
  void aMinRecoveryBelowAppliedIsNoState() {
    assertThrows(IllegalArgumentException.class, () -> STATE.at(MIN_RECOVERY, APPLIED));
  }

  @Test
  void anotherVersionOrAnUnknownFlagIsRefused() {
    byte[] newer = STATE.encode();
    newer[1] = 2;
    assertThrows(IllegalArgumentException.class, () -> ReplicaState.decode(newer));
    byte[] flagged = STATE.encode();
    flagged[3] = 1;
    assertThrows(IllegalArgumentException.class, () -> ReplicaState.decode(flagged));
  }

  @Test
  void aPayloadCutAnywhereIsRefusedAndNeverReadPastItsEnd() {
    byte[] whole = STATE.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThrows(
          IllegalArgumentException.class, () -> ReplicaState.decode(cut), "length " + length);
    }
  }

  @Test
  void aSnapshotsPositionSurvivesAndADamagedOneIsNone() {
    SnapshotPosition position = new SnapshotPosition(STATE.volume(), APPLIED);
    byte[] bytes = position.encode();
    assertEquals(SnapshotPosition.BYTES, bytes.length);
    assertEquals(position, SnapshotPosition.decode(bytes).orElseThrow());
    assertEquals(position, SnapshotPosition.decode(Arrays.copyOf(bytes, 120)).orElseThrow());
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 0x10;
      assertTrue(SnapshotPosition.decode(damaged).isEmpty(), "byte " + i);
    }
    assertTrue(SnapshotPosition.decode(new byte[0]).isEmpty());
    assertTrue(SnapshotPosition.decode(ByteBuffer.allocate(200).array()).isEmpty());
  }
}
