package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Names;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordType;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.DumpedRecord;
import dev.drover.journal.kafka.JournalDump;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover journal dump}. */
@Command(
    name = "dump",
    description = {
      "Prints a journal as it lies there, one line or JSON object a record.",
      "Columns: offset, time, epoch, sequence, type, guest offset, length, CRC32C of the payload,"
          + " and what else the record says. A record of an epoch that is over is marked void."
    })
final class JournalDumpCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  @Option(names = "--from", defaultValue = "0", paramLabel = "N", description = "First offset.")
  private long from;

  @Option(names = "--to", paramLabel = "N", description = "The offset behind the last one.")
  private Long to;

  private long records;
  private long voidRecords;

  JournalDumpCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    if (from < 0 || (to != null && to < from)) {
      throw CommandFailure.usage(
          "ILLEGAL_VALUE", "no offsets lie between %d and %s".formatted(from, to), "");
    }
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().find(volume);
      try (JournalDump dump = JournalDump.open(cluster.settings(), descriptor.topic())) {
        long damaged = dump.dump(from, to == null ? Long.MAX_VALUE : to, this::print);
        if (damaged > 0) {
          throw CommandFailure.refused(
              "DAMAGED_RECORD",
              "journal %s: %d records could not be read".formatted(descriptor.topic(), damaged),
              "no replica goes past the first of them");
        }
        if (session.console().json()) {
          session
              .console()
              .summary(
                  Fields.of("volume", volume)
                      .and("topic", descriptor.topic())
                      .and("records", records)
                      .and("void", voidRecords));
        }
        sayIfBeyond(dump.end(), descriptor.topic());
      }
    }
    return 0;
  }

  /** Nothing is what was asked for where both ends were given alike; else the end is news. */
  private void sayIfBeyond(long end, String topic) {
    if (records == 0 && from >= end && (to == null || to > from)) {
      session
          .console()
          .remark(
              end == 0
                  ? "journal %s is empty".formatted(topic)
                  : "journal %s ends at offset %d: nothing is at %d".formatted(topic, end, from));
    }
  }

  private void print(DumpedRecord dumped) {
    records++;
    voidRecords += dumped.record() != null && !dumped.counts() ? 1 : 0;
    Console console = session.console();
    if (console.json()) {
      console.object(fields(dumped));
      return;
    }
    JournalRecord record = dumped.record();
    if (record == null) {
      console.line(
          "%d %s damaged: %s"
              .formatted(
                  dumped.offset(),
                  Instant.ofEpochMilli(dumped.kafkaTimestampMillis()),
                  dumped.damage().getMessage()));
      return;
    }
    Extent extent = Extent.of(record.intent());
    console.line(
        "%d %s %s %s %s %s %s %s%s%s"
            .formatted(
                dumped.offset(),
                Instant.ofEpochMilli(record.timestampMillis()),
                number(epoch(dumped)),
                number(record.sequence()),
                RecordType.of(record.intent()),
                number(extent.offset()),
                number(extent.length()),
                record.intent() instanceof Intent.Write
                    ? "%08x".formatted(dumped.payloadCrc32c())
                    : "-",
                detail(record.intent()),
                dumped.counts() ? "" : " void"));
  }

  private static Fields fields(DumpedRecord dumped) {
    JournalRecord record = dumped.record();
    Fields fields = Fields.of("offset", dumped.offset());
    if (record == null) {
      return fields
          .and("time", Instant.ofEpochMilli(dumped.kafkaTimestampMillis()))
          .and("damaged", true)
          .and("code", dumped.damage().code())
          .and("reason", dumped.damage().getMessage());
    }
    Extent extent = Extent.of(record.intent());
    fields
        .and("time", Instant.ofEpochMilli(record.timestampMillis()))
        .and("epoch", epoch(dumped))
        .and("sequence", known(record.sequence()))
        .and("type", RecordType.of(record.intent()))
        .and("guestOffset", known(extent.offset()))
        .and("length", known(extent.length()))
        .and(
            "crc32c",
            record.intent() instanceof Intent.Write
                ? Integer.toUnsignedLong(dumped.payloadCrc32c())
                : null)
        .and("counts", dumped.counts())
        .and("acked", known(record.acked()));
    return more(fields, record.intent());
  }

  private static Fields more(Fields fields, Intent intent) {
    return switch (intent) {
      case Intent.Write _, Intent.Flush _ -> fields;
      case Intent.Zero zero -> fields.and("keep", zero.keep());
      case Intent.SnapshotCreate s -> fields.and("uuid", s.id().toString()).and("name", s.name());
      case Intent.SnapshotDelete s -> fields.and("uuid", s.id().toString()).and("name", s.name());
      case Intent.SnapshotRevert s -> fields.and("uuid", s.id().toString()).and("name", s.name());
      case Intent.Resize resize -> fields.and("size", resize.sizeBytes());
      case Intent.Mark mark -> fields.and("name", mark.name());
      case Intent.Epoch epoch ->
          fields
              .and("host", epoch.host())
              .and("image", epoch.image())
              .and("incarnation", epoch.imageIncarnation().toString());
      case Intent.Heartbeat heartbeat -> fields.and("closing", heartbeat.closing());
    };
  }

  private static String detail(Intent intent) {
    return switch (intent) {
      case Intent.Write _, Intent.Flush _ -> "";
      case Intent.Zero zero -> zero.keep() ? " keep" : "";
      case Intent.SnapshotCreate snapshot -> " " + snapshot.name();
      case Intent.SnapshotDelete snapshot -> " " + snapshot.name();
      case Intent.SnapshotRevert snapshot -> " " + snapshot.name();
      case Intent.Resize resize -> " " + resize.sizeBytes();
      case Intent.Mark mark -> " " + mark.name();
      case Intent.Epoch epoch -> " " + epoch.host() + " " + epoch.image();
      case Intent.Heartbeat heartbeat -> heartbeat.closing() ? " closing" : "";
    };
  }

  /** The number of an epoch is where its EPOCH record lies. */
  private static long epoch(DumpedRecord dumped) {
    boolean opens = dumped.record().intent() instanceof Intent.Epoch;
    return opens ? dumped.offset() : dumped.record().epoch();
  }

  private static String number(long value) {
    return value < 0 ? "-" : Long.toString(value);
  }

  private static Long known(long value) {
    return value < 0 ? null : value;
  }

  /** The guest's range that an intent changes; −1 where it changes none. */
  private record Extent(long offset, long length) {
    static Extent of(Intent intent) {
      return switch (intent) {
        case Intent.Write write -> new Extent(write.guestOffset(), write.length());
        case Intent.Zero zero -> new Extent(zero.guestOffset(), zero.length());
        case Intent.Flush _,
            Intent.SnapshotCreate _,
            Intent.SnapshotDelete _,
            Intent.SnapshotRevert _,
            Intent.Resize _,
            Intent.Mark _,
            Intent.Epoch _,
            Intent.Heartbeat _ ->
            new Extent(-1, -1);
      };
    }
  }
}
