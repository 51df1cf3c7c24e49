package dev.drover.cli.image;

import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.qcow2.format.SnapshotEntry;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/** The table of internal snapshots that qemu-img prints; nothing where there is none. */
final class SnapshotList {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

  private static final String ROW = "%-9s %-16s %8s%20s%13s%11s";

  static void print(Console console, List<SnapshotEntry> snapshots) {
    if (snapshots.isEmpty()) {
      return;
    }
    console.line("Snapshot list:");
    console.line(ROW.formatted("ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT"));
    for (SnapshotEntry entry : snapshots) {
      OptionalLong instructions = entry.instructions();
      console.line(
          ROW.formatted(
              printable(entry.idText()),
              printable(entry.nameText()),
              ByteSize.text(entry.vmStateBytes()),
              DATE.format(Instant.ofEpochSecond(entry.seconds()).atZone(ZoneId.systemDefault())),
              clock(Duration.ofNanos(entry.vmClockNanos())),
              instructions.isPresent() ? instructions.getAsLong() : ""));
    }
  }

  private static String clock(Duration clock) {
    return "%02d:%02d:%02d.%03d"
        .formatted(
            clock.toHours(), clock.toMinutesPart(), clock.toSecondsPart(), clock.toMillisPart());
  }

  /** Text from an image, safe for a terminal. */
  static String printable(String untrusted) {
    return untrusted.replaceAll("\\p{Cntrl}", "?");
  }

  private SnapshotList() {}
}
