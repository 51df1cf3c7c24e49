package dev.drover.nbd.server;

import dev.drover.nbd.protocol.ExportQuery;
import dev.drover.nbd.protocol.Greeting;
import dev.drover.nbd.protocol.OptionHeader;
import dev.drover.nbd.protocol.OptionReply;
import dev.drover.nbd.protocol.ProtocolException;
import dev.drover.nbd.protocol.TransmissionFlags;
import dev.drover.nbd.stream.ByteInput;
import dev.drover.nbd.stream.ByteOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Set;

/**
 * Fixed newstyle negotiation, the server's side. Its memory is bounded by {@link
 * #MAX_OPTION_BYTES}; its time is bounded by whoever closes the connection under it.
 */
final class Negotiation {
  /** More than any option we know can need; the data of longer ones is read and thrown away. */
  static final int MAX_OPTION_BYTES = 64 * 1024;

  /**
   * CAN_MULTI_CONN is honest: a flush on any connection is one record behind every write that was
   * answered on all of them, and every connection reads through the same overlay. FAST_ZERO is: a
   * ZERO is a record without payload, whatever its length.
   */
  static final int TRANSMISSION_FLAGS =
      TransmissionFlags.HAS_FLAGS
          | TransmissionFlags.SEND_FLUSH
          | TransmissionFlags.SEND_FUA
          | TransmissionFlags.SEND_TRIM
          | TransmissionFlags.SEND_WRITE_ZEROES
          | TransmissionFlags.SEND_FAST_ZERO
          | TransmissionFlags.CAN_MULTI_CONN;

  private static final int MIN_BLOCK_BYTES = 1;
  private static final int PREFERRED_BLOCK_BYTES = 4096;
  private static final int RESERVED_ZEROES = 124;

  private final Exports exports;
  private final ByteInput input;
  private final ByteOutput output;

  Negotiation(Exports exports, ByteInput input, ByteOutput output) {
    this.exports = exports;
    this.input = input;
    this.output = output;
  }

  /**
   * Haggles until the client has chosen an export.
   *
   * @return empty when the client left with ABORT, or by ending the stream between options
   */
  Optional<Exports.Served> run() throws IOException {
    ByteBuffer greeting = ByteBuffer.allocate(Greeting.BYTES);
    Greeting.put(greeting);
    output.put(greeting.flip());
    output.flush();
    int clientFlags = Greeting.parseClientFlags(input.take(Greeting.CLIENT_BYTES));
    while (!input.atEnd()) {
      OptionHeader option = OptionHeader.parse(input.take(OptionHeader.BYTES));
      if (option.option() == OptionHeader.EXPORT_NAME) {
        return Optional.of(exportName(option, (clientFlags & Greeting.NO_ZEROES) == 0));
      }
      if ((clientFlags & Greeting.FIXED_NEWSTYLE) == 0) {
        throw new ProtocolException("option " + option.option() + " without fixed newstyle");
      }
      Optional<Exports.Served> chosen = answer(option);
      output.flush();
      if (chosen.isPresent() || option.option() == OptionHeader.ABORT) {
        return chosen;
      }
    }
    return Optional.empty();
  }

  /** The one option that cannot be refused except by disconnecting. */
  private Exports.Served exportName(OptionHeader option, boolean zeroes) throws IOException {
    if (option.dataBytes() > ExportQuery.MAX_NAME_BYTES) {
      throw new ProtocolException("an export name of " + option.dataBytes() + " bytes");
    }
    String name = ExportQuery.parseName(input.take((int) option.dataBytes()));
    Exports.Served chosen =
        exports
            .find(name)
            .orElseThrow(
                () -> new ProtocolException("no export of the name asked for with EXPORT_NAME"));
    Export export = chosen.export();
    ByteBuffer reply = ByteBuffer.allocate(10 + (zeroes ? RESERVED_ZEROES : 0));
    reply.putLong(export.sizeBytes()).putShort((short) TRANSMISSION_FLAGS).rewind();
    output.put(reply);
    output.flush();
    return chosen;
  }

  private Optional<Exports.Served> answer(OptionHeader option) throws IOException {
    int code = option.option();
    if (option.dataBytes() > MAX_OPTION_BYTES) {
      input.skip(option.dataBytes());
      send(OptionReply.error(code, OptionReply.ERR_TOO_BIG, "at most 64 KiB of option data"));
      return Optional.empty();
    }
    ByteBuffer data = input.take((int) option.dataBytes());
    switch (code) {
      case OptionHeader.INFO, OptionHeader.GO -> {
        return exportQuery(code, data);
      }
      case OptionHeader.LIST -> list(data);
      case OptionHeader.ABORT -> send(OptionReply.ack(code));
      default ->
          send(OptionReply.error(code, OptionReply.ERR_UNSUP, "this server lacks the option"));
    }
    return Optional.empty();
  }

  private void list(ByteBuffer data) throws IOException {
    if (data.hasRemaining()) {
      String why = "LIST takes no data";
      send(OptionReply.error(OptionHeader.LIST, OptionReply.ERR_INVALID, why));
      return;
    }
    for (String name : exports.names()) {
      send(OptionReply.server(name));
    }
    send(OptionReply.ack(OptionHeader.LIST));
  }

  private Optional<Exports.Served> exportQuery(int code, ByteBuffer data) throws IOException {
    ExportQuery query;
    try {
      query = ExportQuery.parse(data);
    } catch (ProtocolException e) {
      // The option was framed well, so the stream is still in step: the client may try again.
      send(OptionReply.error(code, OptionReply.ERR_INVALID, e.getMessage()));
      return Optional.empty();
    }
    Optional<Exports.Served> chosen = exports.find(query.name());
    if (chosen.isEmpty()) {
      send(OptionReply.error(code, OptionReply.ERR_UNKNOWN, "no such export; LIST names them"));
      return Optional.empty();
    }
    Export export = chosen.get().export();
    Set<Integer> infos = query.infos();
    send(OptionReply.export(code, export.sizeBytes(), TRANSMISSION_FLAGS));
    if (infos.contains(OptionReply.INFO_NAME)) {
      send(OptionReply.name(code, export.name()));
    }
    if (infos.contains(OptionReply.INFO_BLOCK_SIZE)) {
      int largest = NbdServerOptions.MAX_PAYLOAD_BYTES;
      send(OptionReply.blockSize(code, MIN_BLOCK_BYTES, PREFERRED_BLOCK_BYTES, largest));
    }
    send(OptionReply.ack(code));
    return code == OptionHeader.GO ? chosen : Optional.empty();
  }

  private void send(OptionReply reply) throws IOException {
    output.put(reply.encode());
  }
}
