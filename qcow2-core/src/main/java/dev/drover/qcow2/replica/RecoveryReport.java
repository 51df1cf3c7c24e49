package dev.drover.qcow2.replica;

import dev.drover.qcow2.ClusterExtent;
import java.util.List;

/**
 * What the recount after an unclean stop found. Nothing is freed yet when it is made: the caller
 * publishes it, then calls {@link ReplicaImage#giveBack}, which frees exactly this.
 *
 * @param wasClean the image said it was clean: nothing was counted, the lists are empty
 * @param excess clusters whose refcount is higher than the references to them, ascending
 * @param excessClusters how many clusters {@code excess} covers
 * @param wrongCopiedFlags table entries whose COPIED flag disagrees with the counted references;
 *     giveBack corrects them, even where {@code excess} is empty
 */
public record RecoveryReport(
    boolean wasClean, List<ClusterExtent> excess, long excessClusters, long wrongCopiedFlags) {

  /** Copies the list. */
  public RecoveryReport {
    excess = List.copyOf(excess);
  }

  /** Whether {@link ReplicaImage#giveBack} must run before the first batch. */
  public boolean needsGiveBack() {
    return !excess.isEmpty() || wrongCopiedFlags > 0;
  }
}
