package dev.drover.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordCodecTest {
  private static final long SEED = 20260101;

  @ParameterizedTest
  @EnumSource
  void theGoldenBytesOfVersion1AreReadAsTheRecordTheyWereWrittenFrom(RecordType type)
      throws Exception {
    assertEquals(
        GoldenRecords.version1().get(type), RecordCodec.decode(GoldenRecords.bytes(1, type)));
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenTodayIsByteForByteTheGoldenFile(RecordType type) {
    assertEquals(
        GoldenRecords.bytes(1, type), RecordCodec.encode(GoldenRecords.version1().get(type)));
  }

  @Test
  void randomRecordsSurviveTheRoundTrip() throws Exception {
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < 5_000; i++) {
      JournalRecord record = RandomRecords.any(random);
      ByteBuffer value = RecordCodec.encode(record);
      assertEquals(record, RecordCodec.decode(value));
      assertEquals(value, RecordCodec.encode(RecordCodec.decode(value)));
    }
  }

  @Test
  void theLeaseOfAnEpochIsItsLength() throws JournalException {
    var epoch = new Intent.Epoch(new UUID(1, 2), "h", new UUID(3, 4), "/i", 6_000);
    ByteBuffer value = RecordCodec.encode(JournalRecord.epoch(new UUID(5, 6), 7, 8, epoch));
    assertEquals(6_000, value.getLong(72));
    assertEquals(epoch, RecordCodec.decode(value).intent());
  }

  @Test
  void theDataOfAWriteIsASliceOfTheValueAndNotACopy() throws Exception {
    ByteBuffer value = RecordCodec.encode(GoldenRecords.version1().get(RecordType.WRITE));
    ByteBuffer data = ((Intent.Write) RecordCodec.decode(value).intent()).data();
    assertSame(value.array(), data.array());
    assertEquals(RecordCodec.HEADER_BYTES, data.arrayOffset());
  }

  @Test
  void aHeaderWrittenInFrontOfDataThatIsAlreadyThereMakesTheSameValue() {
    JournalRecord record = GoldenRecords.version1().get(RecordType.WRITE);
    ByteBuffer data = ((Intent.Write) record.intent()).data();
    ByteBuffer frame = ByteBuffer.allocateDirect(3 + RecordCodec.HEADER_BYTES + data.remaining());
    frame.order(ByteOrder.LITTLE_ENDIAN).position(3);
    frame.put(3 + RecordCodec.HEADER_BYTES, data, 0, data.remaining());
    RecordCodec.encodeHeader(record, frame);
    assertEquals(3 + RecordCodec.HEADER_BYTES, frame.position());
    assertEquals(RecordCodec.encode(record), frame.position(3));
    assertEquals(
        GoldenRecords.bytes(1, RecordType.WRITE).getInt(100), RecordCodec.headerCrc(frame));
    assertEquals(
        GoldenRecords.bytes(1, RecordType.WRITE).getInt(96), RecordCodec.payloadCrc(frame));
  }

  @ParameterizedTest
  @EnumSource
  void everySingleFlippedBitIsNoticed(RecordType type) {
    ByteBuffer golden = GoldenRecords.bytes(1, type);
    for (int bit = 0; bit < golden.limit() * 8; bit++) {
      ByteBuffer hurt = copy(golden);
      hurt.put(bit / 8, (byte) (hurt.get(bit / 8) ^ 1 << bit % 8));
      assertRefused(JournalException.Code.DAMAGED_RECORD, hurt);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyTruncationAndEveryAppendixIsNoticed(RecordType type) {
    ByteBuffer golden = GoldenRecords.bytes(1, type);
    for (int length = 0; length < golden.limit(); length++) {
      assertRefused(JournalException.Code.DAMAGED_RECORD, golden.slice(0, length));
    }
    ByteBuffer longer = ByteBuffer.allocate(golden.limit() + 1).put(golden.duplicate()).rewind();
    assertRefused(JournalException.Code.DAMAGED_RECORD, longer);
  }

  @Test
  void newHeaderFieldsAndUnknownCompatibleFlagsAreSkipped() throws Exception {
    for (RecordType type : RecordType.values()) {
      ByteBuffer golden = GoldenRecords.bytes(1, type);
      ByteBuffer longer = ByteBuffer.allocate(golden.limit() + 24);
      longer.put(golden.slice(0, RecordCodec.HEADER_BYTES)).put(new byte[23]).put((byte) 9);
      longer.put(golden.slice(RecordCodec.HEADER_BYTES, golden.limit() - 104)).flip();
      longer.putInt(RecordCodec.OFF_HEADER_LENGTH, RecordCodec.HEADER_BYTES + 24);
      int flags = longer.getInt(RecordCodec.OFF_COMPATIBLE);
      longer.putInt(RecordCodec.OFF_COMPATIBLE, flags | 0x8000_0000);
      assertEquals(GoldenRecords.version1().get(type), RecordCodec.decode(seal(longer)));
      longer.put(RecordCodec.HEADER_BYTES + 5, (byte) 1);
      assertRefused(JournalException.Code.DAMAGED_RECORD, longer);
    }
  }

  @Test
  void aRecordFromTheFutureIsToldFromADamagedOne() {
    ByteBuffer version = GoldenRecords.bytes(1, RecordType.WRITE);
    version.putShort(RecordCodec.OFF_VERSION, (short) 2);
    assertRefused(JournalException.Code.UNSUPPORTED_RECORD, seal(version));
    ByteBuffer flag = GoldenRecords.bytes(1, RecordType.WRITE);
    flag.putInt(RecordCodec.OFF_INCOMPATIBLE, 0x10);
    assertRefused(JournalException.Code.UNSUPPORTED_RECORD, seal(flag));
    ByteBuffer type = GoldenRecords.bytes(1, RecordType.WRITE);
    type.putShort(RecordCodec.OFF_TYPE, (short) 0xFFFF);
    assertRefused(JournalException.Code.UNSUPPORTED_RECORD, seal(type));
  }

  @Test
  void hostileBytesWithRightChecksumsGiveARecordOrATypedRefusalAndNothingElse() {
    var random = new SplittableRandom(SEED);
    int accepted = 0;
    for (int i = 0; i < 100_000; i++) {
      ByteBuffer value = RecordCodec.encode(RandomRecords.any(random));
      for (int hits = random.nextInt(1, 5); hits > 0; hits--) {
        hurt(value, random);
      }
      accepted += isAccepted(random.nextInt(8) == 0 ? value : seal(value)) ? 1 : 0;
    }
    // Neither a fuzzer that is always refused at the door, nor a codec that takes anything.
    if (accepted < 10_000 || accepted > 90_000) {
      fail(accepted + " of 100000 accepted");
    }
  }

  @Test
  void noiseIsRefused() {
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[random.nextInt(300)];
      random.nextBytes(noise);
      assertRefused(JournalException.Code.DAMAGED_RECORD, ByteBuffer.wrap(noise));
    }
  }

  private static void hurt(ByteBuffer value, SplittableRandom random) {
    long[] interesting = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 104, 0xFFFF, 1L << 40};
    long x = interesting[random.nextInt(interesting.length)];
    int at = random.nextInt(RecordCodec.OFF_TYPE, value.limit());
    switch (random.nextInt(3)) {
      case 0 -> value.put(at, (byte) random.nextInt());
      case 1 -> value.putInt(Math.min(at & ~3, value.limit() - 4), (int) x);
      default -> value.putLong(Math.min(at & ~7, 88), x);
    }
  }

  private static boolean isAccepted(ByteBuffer value) {
    try {
      RecordCodec.decode(value);
      return true;
    } catch (JournalException e) {
      return false;
    }
  }

  /** Makes both checksums right again, as far as the lengths let one find them. */
  private static ByteBuffer seal(ByteBuffer value) {
    int length = value.getInt(RecordCodec.OFF_HEADER_LENGTH);
    int headerLength = length < 104 || length > value.limit() ? 104 : length;
    var payload = new CRC32C();
    payload.update(value.slice(headerLength, value.limit() - headerLength));
    value.putInt(RecordCodec.OFF_PAYLOAD_CRC, (int) payload.getValue());
    var header = new CRC32C();
    header.update(value.slice(0, RecordCodec.OFF_HEADER_CRC));
    header.update(value.slice(104, headerLength - 104));
    return value.putInt(RecordCodec.OFF_HEADER_CRC, (int) header.getValue());
  }

  private static ByteBuffer copy(ByteBuffer from) {
    return ByteBuffer.allocate(from.remaining()).put(from.duplicate()).flip();
  }

  private static void assertRefused(JournalException.Code code, ByteBuffer value) {
    assertEquals(
        code, assertThrows(JournalException.class, () -> RecordCodec.decode(value)).code());
  }
}
