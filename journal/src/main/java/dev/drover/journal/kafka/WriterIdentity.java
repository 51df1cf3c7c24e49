package dev.drover.journal.kafka;

import java.time.Duration;
import java.util.Objects;
import java.util.UUID;

/**
 * Who takes an epoch; it goes into the EPOCH record.
 *
 * @param host the host's name
 * @param imageIncarnation the image that is served: its lock decides between two writers of one
 *     image. A verb without an image draws a random one
 * @param image the image's path, or what the verb is, for people
 * @param lease how long the writer answers reads on one proof that it is the only one, at most
 *     {@link dev.drover.journal.Intent.Epoch#MAX_LEASE_MILLIS}; zero where nobody reads from it
 */
public record WriterIdentity(String host, UUID imageIncarnation, String image, Duration lease) {

  /** Who is not read from. */
  public WriterIdentity(String host, UUID imageIncarnation, String image) {
    this(host, imageIncarnation, image, Duration.ZERO);
  }

  public WriterIdentity {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(imageIncarnation, "imageIncarnation");
    Objects.requireNonNull(image, "image");
    Objects.requireNonNull(lease, "lease");
  }
}
