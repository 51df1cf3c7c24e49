package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.Names;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.VolumeDescriptor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover volume resize}. */
@Command(
    name = "resize",
    description = {
      "Changes a volume's size on every replica, at one place in the journal. Prints its offset.",
      "Also while a gateway serves it: clients that connect afterwards see the new size. To make"
          + " it smaller needs --shrink, and no gateway."
    })
final class VolumeResize implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name;

  @Option(
      names = "--size",
      required = true,
      paramLabel = "SIZE",
      description = "How large from now on, in bytes or with the suffix K, M, G or T.")
  private String size;

  @Option(names = "--shrink", description = "Yes, what lies behind the new end is to be lost.")
  private boolean shrink;

  VolumeResize(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    long bytes = VolumeCreate.diskBytes(session.console(), size);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume = cluster.volumes().open(name).descriptor();
      JournalHistory history = History.read(cluster, volume);
      if (history.sizeBytes() == bytes) {
        print(bytes, null);
        return 0;
      }
      print(bytes, append(cluster, volume, history, bytes));
      History.read(cluster, volume); // for 'volume show', which does not read the journal
    }
    return 0;
  }

  private long append(Cluster cluster, VolumeDescriptor volume, JournalHistory now, long bytes)
      throws JournalException {
    if (bytes > now.sizeBytes()) {
      return Request.append(
          cluster, volume, ControlRequest.resize(bytes, cluster.clock().instant()));
    }
    return Request.appendUnserved(cluster, volume, history -> smaller(history, bytes)).offset();
  }

  private Intent smaller(JournalHistory now, long bytes) {
    if (!shrink) {
      throw CommandFailure.usage(
          "NOT_CONFIRMED",
          "volume %s has %d bytes: making it %d loses what lies behind"
              .formatted(name, now.sizeBytes(), bytes),
          "add --shrink if that is meant");
    }
    return new Intent.Resize(bytes);
  }

  private void print(long bytes, Long offset) {
    Console console = session.console();
    if (console.json()) {
      console.object(Fields.of("name", name).and("size", bytes).and("offset", offset));
    } else if (offset == null) {
      console.remark("volume %s has %s already".formatted(name, ByteSize.text(bytes)));
    } else {
      console.line(Long.toString(offset));
    }
  }
}
