package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import java.io.IOException;

/**
 * The gate between an image and the file that it names as its backing: an image from somewhere else
 * could name any file of this host, so nothing is opened unless the caller gives a gate that allows
 * it.
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
}
