package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.ImageCommit;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.WritableDisk;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover image commit}, after qemu-img commit. */
@Command(
    name = "commit",
    description = {
      "Writes what an overlay adds into the file below it, and empties the overlay.",
      "The file below is durable before the overlay is emptied: stopped anywhere, do it again.",
      "Other images on top of that file show something else afterwards."
    })
final class ImageCommitCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The overlay.")
  private Path file;

  @Option(names = "-f", paramLabel = "FMT", description = "qcow2, the format with overlays.")
  private String format;

  @Option(
      names = "-b",
      paramLabel = "BASE",
      description = "Commit into this file of the chain, from all above it, and empty nothing.")
  private Path base;

  @Option(names = "-d", description = "Do not empty the overlay.")
  private boolean kept;

  @Option(names = "--yes", description = "Write to replicas, which end being some.")
  private boolean agreed;

  @Mixin private ImageProgress progress;

  @Mixin private HostCache cache;

  ImageCommitCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    cache.check();
    if (Format.parse(format) == Format.RAW) {
      throw new IllegalValue("a raw image is no overlay");
    }
    try {
      commit();
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    progress.finished(session, "Image committed.");
    return 0;
  }

  private void commit() throws IOException {
    ImageChain chain = ImageChain.of(file, Format.QCOW2, false);
    if (chain.below().isEmpty()) {
      throw CommandFailure.failed(
          "NO_BACKING", file + ": Image does not have a backing file", "there is nothing to do");
    }
    boolean emptied = base == null && !kept;
    if (emptied) {
      chain.top().requireAgreed(agreed);
    }
    ImageChain.Link below =
        base == null ? chain.below().getFirst() : chain.below(base).orElseThrow(this::notInChain);
    below.requireAgreed(agreed);
    BackingFiles gate = BackingFiles.withWritable(file, Optional.of(below.path()));
    HostFile host = emptied ? HostFile.openForWriting(file) : HostFile.openForReading(file);
    try (host;
        Qcow2Image overlay = Qcow2Image.open(host, !emptied, gate)) {
      LongConsumer shown = progress.of(session, overlay.virtualSizeBytes());
      WritableDisk target = gate.writable().orElseThrow(this::notInChain);
      if (emptied) {
        ImageCommit.commit(overlay, target, shown);
      } else {
        ImageCommit.copyInto(overlay, target, shown);
      }
    }
  }

  private CommandFailure notInChain() {
    return CommandFailure.failed(
        "NOT_IN_CHAIN",
        "Did not find '%s' in the backing chain of '%s'".formatted(base, file),
        "see the chain: image info --backing-chain " + file);
  }
}
