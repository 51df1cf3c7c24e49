package dev.drover.applier;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.file.Path;

/**
 * How image files are opened; the host's own by default. A seam for tests and for the demo, which
 * puts a failing file in between.
 */
@FunctionalInterface
public interface ImageFiles {

  /**
   * Opens for reading and writing.
   *
   * @param create the file must not exist and is made; otherwise it must exist
   */
  BlockFile open(Path path, boolean create) throws IOException;
}
