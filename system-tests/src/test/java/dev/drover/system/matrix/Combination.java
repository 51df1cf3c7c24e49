package dev.drover.system.matrix;

import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.format.Compression;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One choice in each dimension of what an image can be. */
record Combination(
    int clusterSize,
    FormatVersion version,
    int refcountBits,
    Compression compression,
    Below below,
    boolean snapshots,
    boolean extendedL2,
    Data data) {

  /** What shows through the image's holes. */
  enum Below {
    NOTHING,
    RAW,
    QCOW2
  }

  /** Where guest data is. */
  enum Data {
    INSIDE,
    OUTSIDE,
    /** In a file that is the guest's disk by itself. */
    RAW
  }

  /** How many choices each dimension has; {@link #of} takes an index into each. */
  static final List<List<?>> DIMENSIONS =
      List.of(
          List.of(512, 4096, 65536, 2 << 20),
          List.of(FormatVersion.values()),
          List.of(1, 2, 4, 8, 16, 32, 64),
          List.of(Compression.values()),
          List.of(Below.values()),
          List.of(false, true),
          List.of(false, true),
          List.of(Data.values()));

  static Combination of(int[] choice) {
    return new Combination(
        (int) DIMENSIONS.get(0).get(choice[0]),
        (FormatVersion) DIMENSIONS.get(1).get(choice[1]),
        (int) DIMENSIONS.get(2).get(choice[2]),
        (Compression) DIMENSIONS.get(3).get(choice[3]),
        (Below) DIMENSIONS.get(4).get(choice[4]),
        (boolean) DIMENSIONS.get(5).get(choice[5]),
        (boolean) DIMENSIONS.get(6).get(choice[6]),
        (Data) DIMENSIONS.get(7).get(choice[7]));
  }

  /**
   * Whether the format allows it. Below 8 bits a cluster full of compressed pieces has as many
   * references as fit: it can't be shared with snapshots, by QEMU neither. A data file has no room
   * for what snapshots keep, and a raw one is the whole disk.
   */
  boolean isLegal() {
    boolean onlyVersion3 =
        refcountBits != 16 || compression != Compression.ZLIB || extendedL2 || data != Data.INSIDE;
    return !(version == FormatVersion.V2 && onlyVersion3)
        && !(snapshots && refcountBits < 8)
        && !(extendedL2 && clusterSize < 16384)
        && !(snapshots && data != Data.INSIDE)
        && !(below != Below.NOTHING && data == Data.RAW);
  }

  /** A few L2 tables where clusters are small, a few clusters where they are large. */
  long virtualSize() {
    return Math.clamp(600L * clusterSize, 300 << 10, Math.max(3 << 20, 5L * clusterSize)) + 1536;
  }

  /**
   * @param dataFile its name, if there is to be one
   */
  CreateOptions ours(Path dataFile) {
    CreateOptions size = CreateOptions.ofSize(virtualSize());
    CreateOptions options =
        (data == Data.INSIDE ? size : size.withDataFile(dataFile.toString(), data == Data.RAW))
            .withClusterSize(clusterSize)
            .withVersion(version)
            .withRefcountBits(refcountBits)
            .withCompression(compression)
            .withExtendedL2(extendedL2);
    return switch (below) {
      case NOTHING -> options;
      case RAW -> options.withBacking(BackingReference.raw("below"));
      case QCOW2 -> options.withBacking(BackingReference.qcow2("below"));
    };
  }

  /** Arguments of {@code qemu-img create} that ask for the same, before file and size. */
  List<Object> theirs(Path dataFile) {
    List<Object> arguments = new ArrayList<>(List.of("create", "-q", "-f", "qcow2", "-o"));
    arguments.add(
        "cluster_size=%d,compat=%s,refcount_bits=%d,compression_type=%s,extended_l2=%s"
                .formatted(
                    clusterSize,
                    version.compat(),
                    refcountBits,
                    lower(compression),
                    extendedL2 ? "on" : "off")
            + switch (data) {
              case INSIDE -> "";
              case OUTSIDE -> ",data_file=" + dataFile;
              case RAW -> ",data_file_raw=on,data_file=" + dataFile;
            });
    if (below != Below.NOTHING) {
      arguments.addAll(List.of("-b", "below", "-F", lower(below)));
    }
    return arguments;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String toString() {
    return "clusters of %d, compat %s, %d-bit refcounts, %s, over %s%s%s%s"
        .formatted(
            clusterSize,
            version.compat(),
            refcountBits,
            lower(compression),
            lower(below),
            snapshots ? ", snapshots" : "",
            extendedL2 ? ", extended L2" : "",
            data == Data.INSIDE ? "" : ", data " + lower(data));
  }
}
