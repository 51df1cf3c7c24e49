package dev.drover.cli.command;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.importing.ImageImport;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.Names;
import dev.drover.journal.Durability;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.NewVolume;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

  @ArgGroup(multiplicity = "1")
  private Content content;

  /** What the volume begins with: zeroes or an image. */
  private static final class Content {
    @Option(
        names = "--size",
        paramLabel = "SIZE",
        required = true,
        description = "How large, in bytes or with the suffix K, M, G or T.")
    private String size;

    @Option(
        names = "--from",
        paramLabel = "IMAGE",
        required = true,
        description =
            "Begin with the guest-visible content of this image and its backing files. Killed,"
                + " the same command continues it.")
    private Path image;
  }

  @Option(
      names = "--format",
      defaultValue = "qcow2",
      paramLabel = "FMT",
      description = "What IMAGE is: qcow2 (default) or raw.")
  private String format;

  @Mixin private DurabilityFlags durability;

  VolumeCreate(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    Names.check("volume", name);
    Format kind = Format.parse(format);
    long bytes = content.size == null ? 0 : diskBytes(session.console(), content.size);
    Durability asks = durability.over(Durability.AS_CONFIGURED);
    try (Cluster cluster = session.cluster()) {
      VolumeDescriptor volume =
          content.size == null
              ? new ImageImport(session, name, content.image, kind, asks).run(cluster)
              : cluster.volumes().create(new NewVolume(name, bytes, asks, null));
      cluster
          .volumes()
          .check(volume.asking(Durability.AS_CONFIGURED)) // said once, if less was asked for
          .warnings()
          .forEach(warning -> session.console().remark("warning: " + warning));
      if (session.console().json()) {
        session
            .console()
            .summary(VolumeFields.of(cluster.volumes().show(name), cluster.registry().now()));
      } else {
        session.console().line(volume.uuid().toString());
      }
    }
    return 0;
  }

  /** The size that is meant; says so when it had to be rounded up. */
  static long diskBytes(Console console, String size) {
    long bytes = ByteSize.parseDisk(size, CLUSTER_BYTES).bytes();
    if (bytes != ByteSize.parse(size).bytes()) {
      console.remark("size %s rounded up to %d bytes".formatted(size, bytes));
    }
    return bytes;
  }
}
