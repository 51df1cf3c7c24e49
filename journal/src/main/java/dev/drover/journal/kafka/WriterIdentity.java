package dev.drover.journal.kafka;

import java.util.Objects;
import java.util.UUID;

/**
 * Who takes an epoch; it goes into the EPOCH record.
 *
 * @param host the host's name
 * @param imageIncarnation the image that is served: its lock decides between two writers of one
 *     image. A verb without an image draws a random one
 * @param image the image's path, or what the verb is, for people
 */
public record WriterIdentity(String host, UUID imageIncarnation, String image) {
  public WriterIdentity {
    Objects.requireNonNull(host, "host");
    Objects.requireNonNull(imageIncarnation, "imageIncarnation");
    Objects.requireNonNull(image, "image");
  }
}
