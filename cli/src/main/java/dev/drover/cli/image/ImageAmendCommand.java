package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.AmendOptions;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.ImageAmend;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image amend}, after qemu-img amend. */
@Command(
    name = "amend",
    description = {
      "Changes what an image was made with. Cut off at any moment it leaves the image whole; the"
          + " same call does the rest.",
      "Options of -o: compat, refcount_bits, lazy_refcounts, size, data_file, data_file_raw."
    })
final class ImageAmendCommand implements Callable<Integer> {

  private static final Set<String> KNOWN =
      Set.of(
          "compat",
          "refcount_bits",
          "lazy_refcounts",
          "size",
          "data_file",
          "data_file_raw",
          "backing_file",
          "backing_fmt");

  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The image.")
  private Path file;

  @Option(
      names = "-o",
      required = true,
      paramLabel = "KEY=VALUE,...",
      description = "What it is to have.")
  private List<String> options = new ArrayList<>();

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2, the format that can be amended.")
  private String format;

  @Option(names = "--force", description = "For LUKS in qemu-img; changes nothing here.")
  private boolean force;

  @Option(names = "--yes", description = "Write to a replica, which ends being one.")
  private boolean agreed;

  @Mixin private ImageProgress progress;

  @Mixin private HostCache cache;

  ImageAmendCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    cache.check();
    if (Format.parse(format) == Format.RAW) {
      throw new IllegalValue("a raw image has nothing to amend");
    }
    FormatOptions given = new FormatOptions(options, KNOWN);
    if (given.has("backing_file") || given.has("backing_fmt")) {
      throw new IllegalValue("amend does not change the backing file; use image rebase");
    }
    AmendOptions wanted = wanted(given);
    try (HostFile host = HostFile.openForWriting(file)) {
      ImageInfo info = ImageInfo.read(host);
      if (info.isReplica() && !agreed) {
        throw ImageFile.replica(file);
      }
      ImageAmend.amend(
          host, BackingFiles.of(file), wanted, progress.of(session, info.virtualSizeBytes()));
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  private static AmendOptions wanted(FormatOptions given) {
    AmendOptions wanted = AmendOptions.none();
    if (given.has("compat")) {
      wanted = wanted.withVersion(given.version(FormatVersion.V3));
    }
    if (given.has("refcount_bits")) {
      wanted = wanted.withRefcountBits(given.number("refcount_bits", 16));
    }
    if (given.has("lazy_refcounts")) {
      wanted = wanted.withLazyRefcounts(given.flag("lazy_refcounts", false));
    }
    if (given.has("data_file_raw")) {
      wanted = wanted.withDataFileRaw(given.flag("data_file_raw", false));
    }
    if (given.text("data_file").isPresent()) {
      wanted = wanted.withDataFile(given.text("data_file").get());
    }
    if (given.text("size").isPresent()) {
      wanted = wanted.withVirtualSize(ByteSize.parse(given.text("size").get()).bytes());
    }
    return wanted;
  }
}
