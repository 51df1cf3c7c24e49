package dev.drover.applier;

/**
 * How much one batch, and the queue in front of it, may hold. A single intent beyond a limit is a
 * batch of its own, so a limit never stops progress.
 *
 * @param maxBytes payload bytes in a batch
 * @param maxIntents intents in a batch
 * @param maxClusters clusters that a batch may touch
 * @param maxQueuedBytes payload bytes fetched and not yet applied; also what a promise may cover
 */
public record BatchLimits(int maxBytes, int maxIntents, int maxClusters, int maxQueuedBytes) {

  /** 8 MiB a batch: tens of milliseconds of disk, and far more than one fdatasync costs. */
  public static final BatchLimits DEFAULT = new BatchLimits(8 << 20, 4096, 4096, 16 << 20);

  public BatchLimits {
    if (maxBytes < 1 || maxIntents < 1 || maxClusters < 1 || maxQueuedBytes < 1) {
      throw new IllegalArgumentException("every limit is at least 1");
    }
  }
}
