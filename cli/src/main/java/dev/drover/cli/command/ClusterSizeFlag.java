package dev.drover.cli.command;

import dev.drover.cli.value.ClusterSize;
import picocli.CommandLine.Option;

/** {@code --cluster-size}, of the verbs that make a replica's image. */
final class ClusterSizeFlag {
  @Option(
      names = "--cluster-size",
      defaultValue = "64K",
      paramLabel = "SIZE",
      description = "Cluster size of an image that has to be made (default: 64K).")
  private String clusterSize;

  /** In bytes. */
  int bytes() {
    return ClusterSize.parseOfReplica(clusterSize);
  }
}
