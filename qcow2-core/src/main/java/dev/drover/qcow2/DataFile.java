package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.file.FileIdentity;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;

/**
 * The external data file of an image, on the host. A relative name belongs to the image's folder;
 * QEMU 7.2 looks for it in its own working directory, so that one folder for both suits everybody.
 */
public final class DataFile {

  private final Path image;
  private final Path path;

  private DataFile(Path image, Path path) {
    this.image = image;
    this.path = path;
  }

  /**
   * What an image means by a name.
   *
   * @throws Qcow2Exception DATA_FILE_REFUSED for what is no plain path
   */
  static DataFile of(Path image, String name) throws Qcow2Exception {
    Path path =
        BackingFiles.plainPath(image, name)
            .orElseThrow(
                () ->
                    refused(
                        image,
                        "names the data file \""
                            + BackingFiles.printable(name)
                            + "\", which is no plain path",
                        "give a path, absolute or from the image's folder"));
    return new DataFile(image, path);
  }

  /**
   * Makes the data file that an image is going to name, empty, and holds it as its only writer.
   *
   * @throws java.nio.file.FileAlreadyExistsException and nothing is touched
   */
  public static HostFile create(Path image, String name) throws IOException {
    return HostFile.createNew(of(image, name).path);
  }

  /** Nobody's data is in one of these images themselves. */
  void requireNoneOf(Set<FileIdentity> images) throws IOException {
    if (images.contains(identity())) {
      throw refused(
          image, "names itself, or an image above it, as its data file", "restore it from a copy");
    }
  }

  private FileIdentity identity() throws IOException {
    try {
      return FileIdentity.of(path);
    } catch (NoSuchFileException e) {
      throw refused(
          image,
          "names the data file " + path + ", which is not there",
          "bring it there: the guest's data is in it");
    }
  }

  HostFile open(boolean readOnly, boolean forced) throws IOException {
    identity();
    if (!Files.isRegularFile(path)) {
      throw refused(image, "names the data file " + path + ", which is no file", "put one there");
    }
    return forced && readOnly ? HostFile.openForced(path) : HostFile.openData(path, readOnly);
  }

  private static Qcow2Exception refused(Path image, String what, String hint) {
    return new Qcow2Exception(Code.DATA_FILE_REFUSED, image.toString(), what, hint);
  }
}
