package dev.drover.journal.kafka;

import dev.drover.journal.JournalNames;
import dev.drover.journal.VolumeDescriptor.ImportProgress;

/**
 * What {@code volume create} asks for.
 *
 * @param name the volume's name
 * @param sizeBytes its size, a multiple of 512
 * @param replicationFactor copies of each topic; 0 means min(3, brokers)
 * @param minInsyncReplicas copies that an acknowledgement needs; 0 means max(1, replication − 1)
 * @param importing where an import begins; null for an empty volume
 */
public record NewVolume(
    String name,
    long sizeBytes,
    int replicationFactor,
    int minInsyncReplicas,
    ImportProgress importing) {

  public NewVolume {
    JournalNames.check(name);
    if (sizeBytes <= 0 || sizeBytes % 512 != 0) {
      throw new IllegalArgumentException("volume size " + sizeBytes + " is not a multiple of 512");
    }
    if (replicationFactor < 0 || minInsyncReplicas < 0) {
      throw new IllegalArgumentException("replication must not be negative");
    }
    if (replicationFactor > 0 && minInsyncReplicas > replicationFactor) {
      throw new IllegalArgumentException(
          "min.insync.replicas %d exceeds replication %d: no write could ever be acknowledged"
              .formatted(minInsyncReplicas, replicationFactor));
    }
  }

  /** An empty volume with Drover's own choice of replication. */
  public static NewVolume empty(String name, long sizeBytes) {
    return new NewVolume(name, sizeBytes, 0, 0, null);
  }

  /** A volume that an image will be journaled into, with Drover's own choice of replication. */
  public static NewVolume importing(String name, long sizeBytes, ImportProgress progress) {
    return new NewVolume(name, sizeBytes, 0, 0, progress);
  }
}
