package dev.drover.journal;

/**
 * What a volume asks of its journal's topic, beyond what makes a journal right.
 *
 * @param policy what becomes of a topic that promises less; null: what each process is told to do
 * @param replicationFactor copies of the journal; 0: min(3, brokers)
 * @param minInsyncReplicas copies that an acknowledgement needs; 0: one less than there are
 */
public record Durability(Policy policy, int replicationFactor, int minInsyncReplicas) {

  /** What becomes of a topic that promises less than is asked. */
  public enum Policy {
    /** It is said. */
    WARN,
    /** It is neither served nor followed. */
    REFUSE
  }

  /** As much as the cluster can give; a volume that asks for nothing of its own. */
  public static final Durability AS_CONFIGURED = new Durability(null, 0, 0);

  public Durability {
    if (replicationFactor < 0 || minInsyncReplicas < 0) {
      throw new IllegalArgumentException("replication must not be negative");
    }
    if (replicationFactor > 0 && minInsyncReplicas > replicationFactor) {
      throw new IllegalArgumentException(
          "min.insync.replicas %d exceeds replication %d: no write could ever be acknowledged"
              .formatted(minInsyncReplicas, replicationFactor));
    }
  }

  /**
   * Whether a weaker topic is refused: the stricter of the two decides.
   *
   * @param configured whether this process is told to refuse
   */
  public boolean refuses(boolean configured) {
    return configured || policy == Policy.REFUSE;
  }
}
