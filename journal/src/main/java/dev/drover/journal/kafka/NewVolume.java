package dev.drover.journal.kafka;

import dev.drover.journal.Durability;
import dev.drover.journal.JournalNames;
import dev.drover.journal.VolumeDescriptor.ImportProgress;
import java.util.Objects;

/**
 * What {@code volume create} asks for.
 *
 * @param name the volume's name
 * @param sizeBytes its size, a multiple of 512
 * @param asks of its topics, now and from then on
 * @param importing where an import begins; null for an empty volume
 */
public record NewVolume(String name, long sizeBytes, Durability asks, ImportProgress importing) {

  public NewVolume {
    JournalNames.check(name);
    Objects.requireNonNull(asks, "asks");
    if (sizeBytes <= 0 || sizeBytes % 512 != 0) {
      throw new IllegalArgumentException("volume size " + sizeBytes + " is not a multiple of 512");
    }
  }

  /** An empty volume with Drover's own choice of replication. */
  public static NewVolume empty(String name, long sizeBytes) {
    return new NewVolume(name, sizeBytes, Durability.AS_CONFIGURED, null);
  }

  /** A volume that an image will be journaled into, with Drover's own choice of replication. */
  public static NewVolume importing(String name, long sizeBytes, ImportProgress progress) {
    return new NewVolume(name, sizeBytes, Durability.AS_CONFIGURED, progress);
  }
}
