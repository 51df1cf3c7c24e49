package dev.drover.cli.command;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.Names;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.NewVolume;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover volume create}. */
@Command(
    name = "create",
    description = {
      "Creates a volume: its topics, checked, and its registry entry. Prints the UUID.",
      "A SIZE that is not a multiple of 512 is rounded up."
    })
final class VolumeCreate implements Callable<Integer> {
  /** The largest volume is what a replica with QEMU's default cluster size can map. */
  private static final int CLUSTER_BYTES = 64 << 10;

  private final Session session;

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      required = true,
      description = "How large, in bytes or with the suffix K, M, G or T.")
  private String size;

  @Option(
      names = "--replication-factor",
      paramLabel = "N",
      description = "Copies of each topic (default: 3, or as many as there are brokers).")
  private int replicationFactor;

  @Option(
      names = "--min-insync-replicas",
      paramLabel = "N",
      description = "Copies that an acknowledged write has (default: one less, at least 1).")
  private int minInsyncReplicas;

  VolumeCreate(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    long bytes = ByteSize.parseDisk(size, CLUSTER_BYTES).bytes();
    if (bytes != ByteSize.parse(size).bytes()) {
      session.console().remark("size %s rounded up to %d bytes".formatted(size, bytes));
    }
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume =
          cluster
              .volumes()
              .create(new NewVolume(name, bytes, replicationFactor, minInsyncReplicas, null));
      if (session.console().json()) {
        session
            .console()
            .object(VolumeFields.of(cluster.volumes().show(name), cluster.clock().instant()));
      } else {
        session.console().line(volume.uuid().toString());
      }
    }
    return 0;
  }
}
