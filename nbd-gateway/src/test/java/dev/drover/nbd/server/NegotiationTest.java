package dev.drover.nbd.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.protocol.ExportQuery;
import dev.drover.nbd.protocol.Greeting;
import dev.drover.nbd.protocol.OptionHeader;
import dev.drover.nbd.protocol.OptionReply;
import dev.drover.nbd.protocol.Request;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class NegotiationTest {
  private static final int SIZE = 1 << 20;

  private NbdServer server;
  private RawClient client;

  @BeforeEach
  void connect() throws IOException {
    List<MemoryExport> exports =
        List.of(new MemoryExport("vm", SIZE), new MemoryExport("other", 512));
    server = new NbdServer(exports, NbdServerOptions.DEFAULT);
    client =
        new RawClient(server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
    assertEquals(0, server.connections());
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private void assertReply(int option, int type) throws IOException {
    OptionReply reply = client.reply();
    assertEquals(option, reply.option());
    assertEquals(Integer.toHexString(type), Integer.toHexString(reply.type()));
  }

  /** A FLUSH is answered, so this is the transmission phase, and the stream is in step. */
  private void assertTransmission() throws IOException {
    client.request(new Request(0, Request.FLUSH, 77, 0, 0));
    assertEquals(77, client.simpleReply().cookie());
  }

  @Test
  void listNamesEveryExport() throws IOException {
    client.greet();
    client.option(OptionHeader.LIST);
    assertEquals(utf8("vm"), client.reply().data().position(4));
    assertEquals(utf8("other"), client.reply().data().position(4));
    assertReply(OptionHeader.LIST, OptionReply.ACK);
  }

  @Test
  void listWithDataIsInvalid() throws IOException {
    client.greet();
    client.option(OptionHeader.LIST, utf8("x"));
    assertReply(OptionHeader.LIST, OptionReply.ERR_INVALID);
  }

  @Test
  void infoDescribesAnExportAndGoEntersIt() throws IOException {
    Set<Integer> all =
        Set.of(OptionReply.INFO_EXPORT, OptionReply.INFO_NAME, OptionReply.INFO_BLOCK_SIZE, 99);
    client.greet();
    for (int option : new int[] {OptionHeader.INFO, OptionHeader.GO}) {
      client.option(option, new ExportQuery("vm", all).encode());
      assertEquals(OptionReply.export(option, SIZE, 0x96d), client.reply());
      assertEquals(OptionReply.name(option, "vm"), client.reply());
      assertEquals(OptionReply.blockSize(option, 1, 4096, 32 << 20), client.reply());
      assertReply(option, OptionReply.ACK);
    }
    assertTransmission();
  }

  @Test
  void anUnknownExportIsRefusedAndAnotherCanBeTried() throws IOException {
    client.greet();
    client.option(OptionHeader.GO, new ExportQuery("", Set.of()).encode());
    assertReply(OptionHeader.GO, OptionReply.ERR_UNKNOWN);
    client.option(OptionHeader.GO, new ExportQuery("vM", Set.of()).encode());
    assertReply(OptionHeader.GO, OptionReply.ERR_UNKNOWN);
    client.option(OptionHeader.GO, new ExportQuery("other", Set.of()).encode());
    assertEquals(OptionReply.export(OptionHeader.GO, 512, 0x96d), client.reply());
    assertReply(OptionHeader.GO, OptionReply.ACK);
    assertTransmission();
  }

  @Test
  void whatTheServerLacksIsUnsupportedAndKeepsTheStreamInStep() throws IOException {
    client.greet();
    int[] lacking = {
      OptionHeader.STARTTLS,
      OptionHeader.STRUCTURED_REPLY,
      OptionHeader.LIST_META_CONTEXT,
      OptionHeader.SET_META_CONTEXT,
      OptionHeader.EXTENDED_HEADERS,
      4,
      0,
      -1
    };
    for (int option : lacking) {
      client.option(option, utf8("whatever it carries"));
      assertReply(option, OptionReply.ERR_UNSUP);
    }
  }

  @Test
  void aMalformedQueryIsInvalidAndKeepsTheStreamInStep() throws IOException {
    client.greet();
    client.option(OptionHeader.INFO, ByteBuffer.allocate(5));
    assertReply(OptionHeader.INFO, OptionReply.ERR_INVALID);
    client.option(OptionHeader.INFO, ByteBuffer.allocate(10).putInt(0, 1000));
    assertReply(OptionHeader.INFO, OptionReply.ERR_INVALID);
    client.option(OptionHeader.LIST);
    assertReply(OptionHeader.LIST, OptionReply.SERVER);
  }

  @Test
  void anOptionTooLargeToKeepIsSkipped() throws IOException {
    client.greet();
    client.option(OptionHeader.GO, ByteBuffer.allocate(Negotiation.MAX_OPTION_BYTES + 1));
    assertReply(OptionHeader.GO, OptionReply.ERR_TOO_BIG);
    client.option(OptionHeader.LIST);
    assertReply(OptionHeader.LIST, OptionReply.SERVER);
  }

  @Test
  void exportNameEntersTransmissionAfterTheReservedZeroes() throws IOException {
    client.greet(Greeting.FIXED_NEWSTYLE);
    client.option(OptionHeader.EXPORT_NAME, utf8("vm"));
    ByteBuffer reply = client.take(10 + 124);
    assertEquals(SIZE, reply.getLong());
    assertEquals(0x96d, reply.getShort());
    assertTransmission();
  }

  @Test
  void exportNameWithNoZeroesEntersTransmissionAtOnce() throws IOException {
    client.greet();
    client.option(OptionHeader.EXPORT_NAME, utf8("vm"));
    client.take(10);
    assertTransmission();
  }

  @Test
  void exportNameOfAnUnknownExportEndsTheConnection() throws IOException {
    client.greet();
    client.option(OptionHeader.EXPORT_NAME, utf8("nothing"));
    assertTrue(client.ended());
  }

  @Test
  void aClientThatIsNotFixedMayOnlyNameAnExport() throws IOException {
    client.greet(0);
    client.option(OptionHeader.LIST);
    assertTrue(client.ended());
  }

  @Test
  void abortIsAcknowledgedAndEndsTheConnection() throws IOException {
    client.greet();
    client.option(OptionHeader.ABORT);
    assertReply(OptionHeader.ABORT, OptionReply.ACK);
    assertTrue(client.ended());
  }

  @Test
  void anotherMagicEndsTheConnection() throws IOException {
    client.greet();
    client.send(ByteBuffer.allocate(OptionHeader.BYTES));
    assertTrue(client.ended());
  }

  @Test
  void unknownClientFlagsEndTheConnection() throws IOException {
    client.greet(4);
    assertTrue(client.ended());
  }
}
