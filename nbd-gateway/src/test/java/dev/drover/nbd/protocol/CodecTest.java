package dev.drover.nbd.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Golden bytes: written from the specification, not from the code. */
final class CodecTest {

  private static ByteBuffer bytes(String hex) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static void assertBytes(String expected, ByteBuffer actual) {
    assertEquals(expected.replace(" ", ""), hex(actual));
  }

  @Test
  void theGreetingOffersFixedNewstyleAndNoZeroes() throws ProtocolException {
    ByteBuffer out = ByteBuffer.allocate(Greeting.BYTES);
    Greeting.put(out);
    assertBytes("4e42444d41474943 49484156454f5054 0003", out.flip());
    assertEquals(3, Greeting.parse(out));
  }

  @Test
  void anOldstyleServerIsRefused() {
    ByteBuffer oldstyle = bytes("4e42444d41474943 0000420281861253 0000");
    assertThrows(ProtocolException.class, () -> Greeting.parse(oldstyle));
  }

  @Test
  void unknownClientFlagsEndTheConnection() throws ProtocolException {
    assertEquals(3, Greeting.parseClientFlags(bytes("00000003")));
    assertThrows(ProtocolException.class, () -> Greeting.parseClientFlags(bytes("00000004")));
    assertThrows(ProtocolException.class, () -> Greeting.parseClientFlags(bytes("80000001")));
  }

  @Test
  void anOptionHeaderHasAnUnsignedLength() throws ProtocolException {
    ByteBuffer in = bytes("49484156454f5054 00000007 fffffff0");
    OptionHeader header = OptionHeader.parse(in);
    assertEquals(new OptionHeader(OptionHeader.GO, 0xfffffff0L), header);
    ByteBuffer out = ByteBuffer.allocate(OptionHeader.BYTES);
    header.put(out);
    assertEquals(in.rewind(), out.flip());
    assertThrows(
        ProtocolException.class,
        () -> OptionHeader.parse(bytes("49484156454f5055 00000007 00000000")));
  }

  @Test
  void optionRepliesAreAsSpecified() {
    assertBytes("0003e889045565a9 00000002 00000001 00000000", OptionReply.ack(2).encode());
    assertBytes(
        "0003e889045565a9 00000005 80000001 00000002 6e6f",
        OptionReply.error(5, OptionReply.ERR_UNSUP, "no").encode());
    assertBytes(
        "0003e889045565a9 00000003 00000002 00000006 00000002 766d",
        OptionReply.server("vm").encode());
    assertBytes(
        "0003e889045565a9 00000007 00000003 0000000c 0000 0000000100000000 016d",
        OptionReply.export(7, 1L << 32, 0x16d).encode());
    assertBytes(
        "0003e889045565a9 00000006 00000003 00000004 0001 766d",
        OptionReply.name(6, "vm").encode());
    assertBytes(
        "0003e889045565a9 00000006 00000003 0000000e 0003 00000001 00001000 02000000",
        OptionReply.blockSize(6, 1, 4096, 32 << 20).encode());
  }

  @Test
  void anOptionReplyLargerThanTheLimitIsRefused() {
    assertThrows(
        ProtocolException.class,
        () -> OptionReply.parseHeader(bytes("0003e889045565a9 00000002 00000001 00000009"), 8));
    assertThrows(
        ProtocolException.class,
        () -> OptionReply.parseHeader(bytes("0003e889045565a9 00000002 00000001 ffffffff"), 8));
  }

  @Test
  void anExportQueryRoundTrips() throws ProtocolException {
    ByteBuffer golden = bytes("00000002 766d 0001 0003");
    ExportQuery query = ExportQuery.parse(golden);
    assertEquals(new ExportQuery("vm", Set.of(OptionReply.INFO_BLOCK_SIZE)), query);
    assertEquals(golden.rewind(), query.encode());
  }

  @Test
  void anExportQueryWhoseLengthsDoNotAddUpIsInvalid() {
    for (String bad :
        new String[] {
          "",
          "00000000 00",
          "00000001 0000",
          "ffffffff 0000",
          "7fffffff 0000",
          "00000000 0001",
          "00000000 0000 00",
          "00000002 fffe 0000",
          "00000000 ffff 0001"
        }) {
      assertThrows(ProtocolException.class, () -> ExportQuery.parse(bytes(bad)), bad);
    }
  }

  @Test
  void anExportNameHasAtMost4096Bytes() {
    byte[] name = "n".repeat(4097).getBytes(StandardCharsets.UTF_8);
    assertThrows(ProtocolException.class, () -> ExportQuery.parseName(ByteBuffer.wrap(name)));
  }

  @Test
  void aRequestIsAsSpecified() throws ProtocolException {
    ByteBuffer golden = bytes("25609513 0001 0001 0102030405060708 0000000000001000 80000000");
    Request request = Request.parse(golden);
    assertEquals(
        new Request(Request.FUA, Request.WRITE, 0x0102030405060708L, 4096, 1L << 31), request);
    ByteBuffer out = ByteBuffer.allocate(Request.BYTES);
    request.put(out);
    assertEquals(golden.rewind(), out.flip());
    assertThrows(
        ProtocolException.class,
        () ->
            Request.parse(bytes("25609514 0001 0001 0102030405060708 0000000000001000 00000000")));
  }

  @Test
  void noRangeOverflowsIntoAnExport() {
    assertTrue(new Request(0, 0, 0, 0, 1000).inside(1000));
    assertTrue(new Request(0, 0, 0, 1000, 0).inside(1000));
    assertFalse(new Request(0, 0, 0, 1, 1000).inside(1000));
    assertFalse(new Request(0, 0, 0, 1001, 0).inside(1000));
    assertFalse(new Request(0, 0, 0, -1, 1).inside(1000));
    assertFalse(new Request(0, 0, 0, Long.MAX_VALUE, 0xffffffffL).inside(1000));
    assertFalse(new Request(0, 0, 0, Long.MIN_VALUE, 0xffffffffL).inside(Long.MAX_VALUE));
  }

  @Test
  void aSimpleReplyIsAsSpecified() throws ProtocolException {
    ByteBuffer golden = bytes("67446698 0000001c 0102030405060708");
    SimpleReply reply = SimpleReply.parse(golden);
    assertEquals(new SimpleReply(NbdError.ENOSPC.code(), 0x0102030405060708L), reply);
    ByteBuffer out = ByteBuffer.allocate(SimpleReply.BYTES);
    reply.put(out);
    assertEquals(golden.rewind(), out.flip());
    assertThrows(
        ProtocolException.class,
        () -> SimpleReply.parse(bytes("67446699 00000000 0000000000000000")));
  }

  @Test
  void anUnknownErrorCountsAsEinval() {
    for (NbdError error : NbdError.values()) {
      assertEquals(error, NbdError.of(error.code()));
    }
    assertEquals(NbdError.EINVAL, NbdError.of(4711));
  }
}
