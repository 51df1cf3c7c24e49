package dev.drover.qcow2;

import java.io.IOException;

/**
 * Decides about the backing file that an image names. An image never makes anyone open another file
 * by itself: who opens it says by this whether, and which file that is.
 */
@FunctionalInterface
public interface BackingOpener {

  /** Refuses every backing file, by name. */
  BackingOpener REFUSE =
      reference -> {
        throw new Qcow2Exception(
            Qcow2Exception.Code.BACKING_REFUSED,
            reference.name(),
            "the image is backed by this file, which nobody has allowed to open",
            "name the backing file explicitly, or flatten the image with qemu-img convert");
      };

  /**
   * Opens what {@code reference} names. The image closes the disk if it is {@link AutoCloseable}.
   *
   * @throws Qcow2Exception BACKING_REFUSED
   */
  GuestDisk open(BackingReference reference) throws IOException;
}
