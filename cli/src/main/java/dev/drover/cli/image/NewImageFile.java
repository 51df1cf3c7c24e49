package dev.drover.cli.image;

import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.DataFile;
import dev.drover.qcow2.Preallocation;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.NewImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the files of an empty qcow2 image: its own, and the data file that it is to have. */
final class NewImageFile {
  /**
   * Makes both or none; neither may be there.
   *
   * @return the files made, the image first
   */
  static Path[] make(Path image, CreateOptions wanted) throws IOException {
    boolean done = false;
    HostFile created = HostFile.createNew(image);
    try (created) {
      Path[] made =
          wanted.dataFile().isPresent()
              ? makeWithData(image, created, wanted)
              : makeAlone(image, created, wanted);
      done = true;
      return made;
    } finally {
      if (!done) {
        Files.deleteIfExists(image);
      }
    }
  }

  private static Path[] makeAlone(Path image, HostFile created, CreateOptions wanted)
      throws IOException {
    if (wanted.preallocation() == Preallocation.OFF) {
      NewImage.create(created, wanted);
    } else {
      Qcow2Image.create(created, wanted).close();
    }
    return new Path[] {image};
  }

  private static Path[] makeWithData(Path image, HostFile created, CreateOptions wanted)
      throws IOException {
    HostFile data = DataFile.create(image, wanted.dataFile().orElseThrow());
    boolean done = false;
    try (data) {
      Qcow2Image.create(created, data, wanted).close();
      done = true;
      return new Path[] {image, data.path()};
    } finally {
      if (!done) {
        Files.deleteIfExists(data.path());
      }
    }
  }

  private NewImageFile() {}
}
