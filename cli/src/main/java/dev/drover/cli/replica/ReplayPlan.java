package dev.drover.cli.replica;

import dev.drover.applier.ApplierException;
import dev.drover.applier.BaseImage;
import dev.drover.applier.Replay;
import dev.drover.applier.ReplicaOptions;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What a replay would do.
 *
 * @param from what it would begin from, for people
 * @param base the image that it would copy, if any
 * @param snapshot of that image, if it is not taken as it is
 * @param fromOffset the first offset that it would apply
 * @param end the offset behind the last one: what the point means
 * @param time when the last intent below that was stamped; empty: there is none
 * @param intents how many of the records in between count
 * @param bytes their payload
 */
record ReplayPlan(
    String volume,
    String from,
    Optional<Path> base,
    Optional<String> snapshot,
    long fromOffset,
    long end,
    Optional<Instant> time,
    long intents,
    long bytes) {
  private static final Duration WAIT = Duration.ofMillis(500);

  /** Reads the journal from where the replay would begin to its point. */
  static ReplayPlan of(VolumeDescriptor volume, ReplicaOptions options, IntentSource source)
      throws ApplierException, IOException {
    Path partial = Replay.partial(options.image());
    long end = options.untilOffset().orElseThrow();
    if (Files.exists(partial)) {
      Position left = Wiring.position(partial, volume);
      if (left.nextOffset() > end) {
        throw Replay.leftBeyond(
            options.image(),
            "%s: is at offset %d already, beyond %d".formatted(partial, left.nextOffset(), end));
      }
      return counted(
          volume,
          "what an earlier run has left in " + partial,
          Optional.empty(),
          Optional.empty(),
          left,
          end,
          source);
    }
    if (options.base().isEmpty()) {
      return counted(
          volume,
          "the journal's beginning",
          Optional.empty(),
          Optional.empty(),
          Position.START,
          end,
          source);
    }
    try (BaseImage base = BaseImage.open(options.base().get(), volume, source.identity(), end)) {
      Path image = options.base().get().image();
      String from = base.snapshot().map(s -> "snapshot " + s + " of " + image).orElse("" + image);
      return counted(
          volume, from, Optional.of(image), base.snapshot(), base.position(), end, source);
    }
  }

  private static ReplayPlan counted(
      VolumeDescriptor volume,
      String from,
      Optional<Path> base,
      Optional<String> snapshot,
      Position at,
      long end,
      IntentSource source)
      throws IOException {
    long intents = 0;
    Position last = at;
    source.seek(at);
    while (last.nextOffset() < end) {
      for (JournalEntry entry : source.poll(WAIT)) {
        if (entry.offset() < end) {
          last = entry.after();
          intents += entry.valid() ? 1 : 0;
        }
      }
      if (source.stall().filter(stall -> stall.seenTo() >= end).isPresent()) {
        break;
      }
    }
    Optional<Instant> time =
        Optional.of(last.timestampMillis()).filter(ms -> ms > 0).map(Instant::ofEpochMilli);
    long bytes = last.totalPayloadBytes() - at.totalPayloadBytes();
    return new ReplayPlan(
        volume.name(), from, base, snapshot, at.nextOffset(), end, time, intents, bytes);
  }

  void print(Console console) {
    if (console.json()) {
      console.summary(
          Fields.of("volume", volume)
              .and("dryRun", true)
              .and("untilOffset", end)
              .and("untilTime", time.orElse(null))
              .and("from", from)
              .and("base", base.map(Path::toString).orElse(null))
              .and("snapshot", snapshot.orElse(null))
              .and("fromOffset", fromOffset)
              .and("records", end - fromOffset)
              .and("intents", intents)
              .and("bytes", bytes));
      return;
    }
    console.line(
        "until:   offset %d%s".formatted(end, time.map(t -> ", last stamped " + t).orElse("")));
    console.line("from:    offset %d, %s".formatted(fromOffset, from));
    console.line(
        "applies: %d records, %d intents, %s"
            .formatted(end - fromOffset, intents, ByteSize.text(bytes)));
  }
}
