package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.Table;
import dev.drover.cli.value.Names;
import dev.drover.journal.Intent;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSource;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drover snapshot list}. */
@Command(name = "list", description = "Lists a volume's snapshots, from its journal.")
final class SnapshotList implements Callable<Integer> {
  private static final Duration WAIT = Duration.ofMillis(500);

  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String volume;

  SnapshotList(Session session) {
    this.session = session;
  }

  /** A snapshot as the journal has it. */
  private record Taken(String name, UUID uuid, long offset, Instant time) {
    Fields fields() {
      return Fields.of("name", name)
          .and("uuid", uuid.toString())
          .and("offset", offset)
          .and("time", time);
    }
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", volume);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor descriptor = cluster.volumes().open(volume).descriptor();
      Map<UUID, Taken> live;
      try (IntentSource source = KafkaIntentSource.open(cluster.settings(), descriptor)) {
        live = read(source);
      }
      if (session.console().json()) {
        session
            .console()
            .object(
                Fields.of("snapshots", live.values().stream().map(t -> t.fields().map()).toList()));
        return 0;
      }
      Table table = new Table("NAME", "OFFSET", "TIME", "UUID");
      live.values().forEach(t -> table.row(t.name(), t.offset(), t.time(), t.uuid()));
      table.print(session.console());
    }
    return 0;
  }

  /** Only a reader of the whole journal knows which of its records count. */
  private static Map<UUID, Taken> read(IntentSource source) throws JournalException {
    Map<UUID, Taken> live = new LinkedHashMap<>();
    source.seek(Position.START);
    long end = source.endOffset();
    while (source.position().nextOffset() < end && !source.stalled()) {
      for (JournalEntry entry : source.poll(WAIT)) {
        if (entry.valid() && entry.offset() < end) {
          note(live, entry);
        }
      }
    }
    return live;
  }

  private static void note(Map<UUID, Taken> live, JournalEntry entry) {
    switch (entry.record().intent()) {
      case Intent.SnapshotCreate create ->
          live.putIfAbsent(
              create.id(),
              new Taken(
                  create.name(),
                  create.id(),
                  entry.offset(),
                  Instant.ofEpochMilli(entry.record().timestampMillis())));
      case Intent.SnapshotDelete delete -> live.remove(delete.id());
      default -> {
        // of no snapshot
      }
    }
  }
}
