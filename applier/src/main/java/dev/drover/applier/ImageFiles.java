package dev.drover.applier;

import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.file.Path;

/**
 * How image files are opened; the host's own by default. A seam for tests and for the demo, which
 * puts a failing file in between.
 */
@FunctionalInterface
public interface ImageFiles {

  /** Files of this host. */
  ImageFiles HOST =
      (path, create) -> create ? HostFile.createNew(path) : HostFile.openForWriting(path);

  /**
   * Opens for reading and writing, and holds the image's lock, as QEMU understands it, from before
   * the first byte is read until the file is closed.
   *
   * @param create the file must not exist and is made; otherwise it must exist
   * @throws java.nio.file.FileAlreadyExistsException with {@code create}
   * @throws java.nio.file.NoSuchFileException without
   * @throws dev.drover.qcow2.Qcow2Exception IMAGE_IN_USE
   */
  BlockFile open(Path path, boolean create) throws IOException;
}
