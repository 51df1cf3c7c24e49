package dev.drover.cli.command;

import dev.drover.applier.LocalHost;
import dev.drover.cli.session.Cluster;
import dev.drover.journal.ControlRequest;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaControl;
import java.time.Duration;

/** Gets one intent of a verb into a journal, by the live gateway or, without one, by itself. */
final class Request {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The offset at which it is in the journal. */
  static long append(Cluster cluster, VolumeDescriptor volume, ControlRequest request)
      throws JournalException {
    return new KafkaControl(cluster.settings(), LocalHost.detect().name(), cluster.clock())
        .append(volume, request, PATIENCE);
  }

  private Request() {}
}
