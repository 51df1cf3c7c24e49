package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.file.FileIdentity;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An image's file and those below it, by their headers alone: nothing is opened but to look.
 *
 * @param links the image first
 */
record ImageChain(List<Link> links) {
  private static final int MOST_FILES = 64;

  /**
   * One file of the chain.
   *
   * @param info empty for a raw file
   */
  record Link(Path path, Optional<ImageInfo> info) {
    /** Refuses to write to a replica, which would end being one, unless its owner agreed. */
    void requireAgreed(boolean agreed) {
      if (!agreed && info.isPresent() && info.get().isReplica()) {
        throw ImageFile.replica(path);
      }
    }
  }

  /**
   * Looks at the image and everything below it.
   *
   * @param given the image's own format; null: look
   * @param forced although another process may be writing
   */
  static ImageChain of(Path image, Format given, boolean forced) throws IOException {
    List<Link> links = new ArrayList<>();
    Set<FileIdentity> seen = new HashSet<>();
    Path path = image;
    Format format = given;
    while (true) {
      if (!seen.add(FileIdentity.of(path)) || links.size() == MOST_FILES) {
        throw CommandFailure.failed(
            "BACKING_REFUSED",
            image + ": its chain of backing files comes back to " + path + ", or never ends",
            "repair the chain: image rebase -u -F FORMAT -b BACKING FILE");
      }
      Optional<ImageInfo> info = info(path, format, forced);
      links.add(new Link(path, info));
      if (info.isEmpty() || info.get().backing().isEmpty()) {
        return new ImageChain(List.copyOf(links));
      }
      path = path.resolveSibling(info.get().backing().get().name());
      format = info.get().backing().get().format().map(Format::parse).orElse(null);
    }
  }

  private static Optional<ImageInfo> info(Path path, Format format, boolean forced)
      throws IOException {
    try (HostFile host = ImageFile.open(path, forced)) {
      return ImageFile.format(host, format) == Format.RAW
          ? Optional.empty()
          : Optional.of(ImageInfo.read(host));
    }
  }

  Link top() {
    return links.getFirst();
  }

  /** The files below the image. */
  List<Link> below() {
    return links.subList(1, links.size());
  }

  /**
   * The file below the image that is this one: as seen from the folder of the image that is on it,
   * as in QEMU, or from here.
   */
  Optional<Link> below(Path file) throws IOException {
    for (int i = 1; i < links.size(); i++) {
      Path seenFromAbove = links.get(i - 1).path().resolveSibling(file);
      if (isSame(links.get(i), seenFromAbove) || isSame(links.get(i), file)) {
        return Optional.of(links.get(i));
      }
    }
    return Optional.empty();
  }

  private static boolean isSame(Link link, Path file) throws IOException {
    return Files.exists(file) && Files.isSameFile(link.path(), file);
  }
}
