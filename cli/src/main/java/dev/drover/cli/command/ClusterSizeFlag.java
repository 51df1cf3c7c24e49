package dev.drover.cli.command;

import dev.drover.cli.config.OwnKey;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.ClusterSize;
import picocli.CommandLine.Option;

/** {@code --cluster-size}, of the verbs that make a replica's image. */
final class ClusterSizeFlag {
  @Option(
      names = "--cluster-size",
      paramLabel = "SIZE",
      description = "Cluster size of an image that has to be made (default: 64K).")
  private String clusterSize;

  private final Session session;

  ClusterSizeFlag(Session session) {
    this.session = session;
  }

  /** In bytes. */
  int bytes() {
    return ClusterSize.parseOfReplica(session.setting(OwnKey.CLUSTER_SIZE, clusterSize));
  }
}
