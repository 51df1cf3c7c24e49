package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;

/**
 * The gate between an image and the files that it names, its backing file and its external data
 * file: an image from somewhere else could name any file of this host, so nothing is opened unless
 * the caller gives a gate that allows it.
 */
@FunctionalInterface
public interface BackingOpener {

  /** Refuses every image that has a backing file. */
  BackingOpener REFUSE =
      (image, reference) -> {
        throw new Qcow2Exception(
            Code.BACKING_REFUSED,
            image,
            "has a backing file, \"" + BackingFiles.printable(reference.name()) + "\"",
            "flatten it first: qemu-img convert -O qcow2 FILE NEW");
      };

  /**
   * Opens the disk that {@code image} names. It is closed with the image.
   *
   * @throws Qcow2Exception BACKING_REFUSED
   */
  GuestDisk open(String image, BackingReference reference) throws IOException;

  /**
   * Opens the external data file that {@code image} names. It is closed with the image.
   *
   * @throws Qcow2Exception DATA_FILE_REFUSED, which is what a gate does that knows nothing of them
   */
  default BlockFile openData(String image, String name, boolean readOnly) throws IOException {
    throw new Qcow2Exception(
        Code.DATA_FILE_REFUSED,
        image,
        "has an external data file, \"" + BackingFiles.printable(name) + "\"",
        "copy it into an image without one: image convert -O qcow2 FILE NEW");
  }
}
