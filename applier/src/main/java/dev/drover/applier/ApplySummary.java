package dev.drover.applier;

import java.nio.file.Path;

/**
 * What an {@code apply} or {@code replay} did, as its last line of JSON says it.
 *
 * @param fromOffset the next offset to apply when it began
 * @param appliedOffset the next offset to apply when it ended, durable in the image
 * @param intents how many the image took in
 * @param bytes how many payload bytes they had
 * @param seconds how long it ran
 * @param compensations how many it published
 */
public record ApplySummary(
    String volume,
    String replica,
    Path image,
    long fromOffset,
    long appliedOffset,
    long intents,
    long bytes,
    double seconds,
    long compensations) {

  ApplySummary at(Path newImage) {
    return new ApplySummary(
        volume,
        replica,
        newImage,
        fromOffset,
        appliedOffset,
        intents,
        bytes,
        seconds,
        compensations);
  }
}
