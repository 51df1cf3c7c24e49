package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.FormatVersion;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.SnapshotEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drover image info}, after qemu-img info; plus the position of a replica. */
@Command(name = "info", description = "Says what an image is.")
final class ImageInfoCommand implements Callable<Integer> {
  private final Session session;

  @Mixin private ImageToLookAt image;

  @Option(names = "--backing-chain", description = "Tell of the files below it, too.")
  private boolean chain;

  /** The file that is told of just now. */
  private Path file;

  ImageInfoCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    boolean json = image.json(session);
    try {
      if (!chain) {
        Object told = tell(image.file(), image.format(), json);
        if (json) {
          session.console().indented(told);
        }
        return 0;
      }
      tellChain(ImageChain.of(image.file(), image.format(), image.forced()), json);
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    return 0;
  }

  private void tellChain(ImageChain files, boolean json) throws IOException {
    List<Object> told = new ArrayList<>();
    for (ImageChain.Link link : files.links()) {
      if (!json && link != files.top()) {
        session.console().line("");
      }
      told.add(tell(link.path(), link.info().isEmpty() ? Format.RAW : Format.QCOW2, json));
    }
    if (json) {
      session.console().indented(told);
    }
  }

  /**
   * Prints what there is to say of a file, for people, and returns it, for programs.
   *
   * @param format null: look
   */
  private Object tell(Path link, Format format, boolean json) throws IOException {
    file = link;
    try (HostFile host = ImageFile.open(link, image.forced())) {
      if (ImageFile.format(host, format) == Format.RAW) {
        return raw(host, json);
      }
      ImageInfo info = ImageInfo.read(host);
      if (!json) {
        print(info, host);
      }
      return fields(info, host).map();
    }
  }

  private Object raw(HostFile host, boolean json) throws IOException {
    long size = CreateOptions.roundUpToSectors(host.length());
    if (!json) {
      Console console = session.console();
      console.line("image: " + file);
      console.line("file format: raw");
      console.line("virtual size: %s (%d bytes)".formatted(ByteSize.text(size), size));
      console.line("disk size: " + ByteSize.text(host.allocatedBytes()));
    }
    return Fields.of("virtual-size", size)
        .and("filename", file.toString())
        .and("format", "raw")
        .and("actual-size", host.allocatedBytes())
        .and("dirty-flag", false)
        .map();
  }

  private Fields fields(ImageInfo info, HostFile host) throws IOException {
    Fields fields = new Fields();
    if (!info.snapshots().isEmpty()) {
      fields.and("snapshots", info.snapshots().stream().map(ImageInfoCommand::snapshot).toList());
    }
    info.backing()
        .flatMap(reference -> reference.format())
        .ifPresent(name -> fields.and("backing-filename-format", name));
    fields
        .and("virtual-size", info.virtualSizeBytes())
        .and("filename", file.toString())
        .and("cluster-size", info.clusterSizeBytes())
        .and("format", "qcow2")
        .and("actual-size", host.allocatedBytes())
        .and(
            "format-specific",
            Fields.of("type", "qcow2").and("data", formatFields(info).map()).map());
    info.backing()
        .ifPresent(
            reference ->
                fields
                    .and("full-backing-filename", fullName(reference.name()))
                    .and("backing-filename", reference.name()));
    fields.and("dirty-flag", info.dirty());
    ReplicaText.of(info).ifPresent(replica -> fields.and("drover", replica.fields().map()));
    return fields;
  }

  private static Fields formatFields(ImageInfo info) {
    Fields fields =
        Fields.of("compat", info.version().compat()).and("compression-type", compression(info));
    if (info.version() == FormatVersion.V2) {
      return fields.and("refcount-bits", info.refcountBits());
    }
    fields.and("lazy-refcounts", info.lazyRefcounts());
    if (!info.bitmaps().isEmpty()) {
      fields.and("bitmaps", info.bitmaps().stream().map(BitmapText::fields).toList());
    }
    fields.and("refcount-bits", info.refcountBits());
    info.dataFile()
        .ifPresent(name -> fields.and("data-file", name).and("data-file-raw", info.dataFileRaw()));
    return fields.and("corrupt", info.corrupt()).and("extended-l2", info.extendedL2());
  }

  private static Object snapshot(SnapshotEntry entry) {
    Fields fields = new Fields();
    entry.instructions().ifPresent(count -> fields.and("icount", count));
    return fields
        .and("vm-clock-nsec", entry.vmClockNanos() % 1_000_000_000)
        .and("name", entry.nameText())
        .and("date-sec", entry.seconds())
        .and("date-nsec", entry.nanos())
        .and("vm-clock-sec", entry.vmClockNanos() / 1_000_000_000)
        .and("id", entry.idText())
        .and("vm-state-size", entry.vmStateBytes())
        .map();
  }

  private void print(ImageInfo info, HostFile host) throws IOException {
    Console console = session.console();
    console.line("image: " + file);
    console.line("file format: qcow2");
    console.line(
        "virtual size: %s (%d bytes)"
            .formatted(ByteSize.text(info.virtualSizeBytes()), info.virtualSizeBytes()));
    console.line("disk size: " + ByteSize.text(host.allocatedBytes()));
    if (info.dirty()) {
      console.line("cleanly shut down: no");
    }
    console.line("cluster_size: " + info.clusterSizeBytes());
    info.backing()
        .ifPresent(
            reference -> {
              String full = fullName(reference.name());
              String actual = full.equals(reference.name()) ? "" : " (actual path: " + full + ")";
              console.line(
                  "backing file: "
                      + SnapshotList.printable(reference.name())
                      + SnapshotList.printable(actual));
              reference
                  .format()
                  .ifPresent(
                      name -> console.line("backing file format: " + SnapshotList.printable(name)));
            });
    SnapshotList.print(console, info.snapshots());
    console.line("Format specific information:");
    formatFields(info)
        .map()
        .forEach(
            (name, value) -> {
              if (name.equals("bitmaps")) {
                BitmapText.print(console, info.bitmaps());
              } else {
                console.line(
                    "    "
                        + name.replace('-', ' ')
                        + ": "
                        + SnapshotList.printable(value.toString()));
              }
            });
    ReplicaText.of(info).ifPresent(replica -> replica.print(console));
  }

  /** As QEMU does: relative to the image's folder, as that was typed, unless it is no file. */
  private String fullName(String backing) {
    Path parent = backing.matches("(?s)[^/]*:.*") ? null : file.getParent();
    return parent == null ? backing : parent.resolve(backing).toString();
  }

  private static String compression(ImageInfo info) {
    return info.compression().name().toLowerCase(Locale.ROOT);
  }
}
