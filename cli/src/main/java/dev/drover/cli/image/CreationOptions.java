package dev.drover.cli.image;

import dev.drover.cli.value.ClusterSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.format.Compression;
import java.util.Set;
import java.util.TreeSet;

/** The options of {@code -o} for a new qcow2 image, the same in every verb that makes one. */
final class CreationOptions {
  /** What every such verb takes. */
  private static final Set<String> KNOWN =
      Set.of(
          "cluster_size",
          "compat",
          "refcount_bits",
          "lazy_refcounts",
          "extended_l2",
          "preallocation",
          "data_file",
          "data_file_raw",
          "compression_type",
          "backing_file",
          "backing_fmt");

  /** All of them, and those that only one verb takes. */
  static Set<String> knownAnd(String... more) {
    Set<String> all = new TreeSet<>(KNOWN);
    all.addAll(Set.of(more));
    return all;
  }

  /** In bytes. */
  static int clusterSize(FormatOptions given) {
    return ClusterSize.parse(given.text("cluster_size").orElse("65536"));
  }

  static Preallocation preallocation(FormatOptions given) {
    return given.oneOf("preallocation", Preallocation.class, Preallocation.OFF);
  }

  /** What was said, without a backing file. */
  static CreateOptions of(FormatOptions given, long size) {
    CreateOptions wanted =
        CreateOptions.ofSize(size)
            .withClusterSize(clusterSize(given))
            .withVersion(given.version(FormatVersion.V3))
            .withRefcountBits(given.number("refcount_bits", 16))
            .withLazyRefcounts(given.flag("lazy_refcounts", false))
            .withExtendedL2(given.flag("extended_l2", false))
            .withPreallocation(preallocation(given))
            .withCompression(given.oneOf("compression_type", Compression.class, Compression.ZLIB));
    boolean raw = given.flag("data_file_raw", false);
    if (given.text("data_file").isPresent()) {
      return wanted.withDataFile(given.text("data_file").get(), raw);
    }
    if (raw) {
      throw new IllegalValue("data_file_raw needs a data_file");
    }
    return wanted;
  }

  private CreationOptions() {}
}
