package dev.drover.applier;

import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Gives back what an apply allocated and never linked, in the one order that leaves no cluster
 * behind and frees none too many:
 *
 * <pre>
 *   1  no I/O in flight                                       the image, before a step throws
 *   2  list, publish OPEN                                     else: wait here, the image only leaks
 *   3  free, fdatasync, punch, slot{generation + 1}, fdatasync
 *   4  DONE and the group offset, one transaction             nothing freed is reused before this
 * </pre>
 *
 * Every step may be cut short and repeated from the top (I-34): a list made anew holds what is
 * still to be freed, and a record is DONE exactly when the slot has passed its generation. The list
 * comes from the image alone; no record is ever read to decide what is freed (I-30).
 */
final class Compensator {

  private final ReplicaImage image;
  private final CompensationLog log;
  private final Ticker ticker;
  private final Map<String, Compensation> open = new LinkedHashMap<>();
  private long executed;
  private long executedClusters;

  Compensator(ReplicaImage image, CompensationLog log, Ticker ticker) {
    this.image = image;
    this.log = log;
    this.ticker = ticker;
  }

  /** What earlier processes of this image left OPEN. */
  void load(ReplicaState state) throws ApplierException {
    for (Compensation left : log.open()) {
      if (left.incarnation().equals(state.incarnation())) {
        open.put(left.id(), left);
      }
    }
  }

  /**
   * Steps 2 and 3. Without clusters there is nothing to publish, and step 3 only lets the image
   * forget the failed try.
   *
   * @param state what the durable slot says, to be repeated by the one that step 3 writes
   */
  void giveBack(ReplicaState state, String cause) throws IOException, ApplierException {
    makeUpForFailedSync();
    List<ClusterExtent> clusters = image.unlinked();
    if (!clusters.isEmpty()) {
      publish(state, cause, clusters);
    }
    image.giveBack(state.encode());
    if (!clusters.isEmpty()) {
      executed++;
      executedClusters += clusters.stream().mapToLong(ClusterExtent::clusters).sum();
    }
  }

  /**
   * Not after the log, which may be away until this process ends: the next one would take links for
   * written that only the page cache has (I-14), and lose them with it.
   */
  private void makeUpForFailedSync() {
    try {
      image.makeUpForFailedSync();
    } catch (IOException e) {
      // Step 3 tries it again, and by then it asks for less space.
    }
  }

  private void publish(ReplicaState state, String cause, List<ClusterExtent> clusters)
      throws ApplierException {
    Compensation compensation =
        new Compensation(
            state.incarnation(),
            image.slot().generation(),
            state.replica(),
            state.applied().nextOffset(),
            image.clusterSizeBytes(),
            clusters,
            cause,
            Compensation.State.OPEN,
            ticker.now());
    Compensation earlier = open.get(compensation.id());
    if (earlier != null) {
      compensation = compensation.union(earlier);
    }
    // Before the call: it may throw and yet have happened, and then it has to be marked DONE too.
    open.put(compensation.id(), compensation);
    log.publish(compensation);
  }

  /** Whether there is something for {@link #markDone} to do. */
  boolean hasExecuted() {
    long generation = image.slot().generation();
    return open.values().stream().anyMatch(each -> each.generation() < generation);
  }

  /** Step 4, for every record that the slot has passed. */
  void markDone(long offset) throws ApplierException {
    long generation = image.slot().generation();
    List<Compensation> done =
        open.values().stream()
            .filter(each -> each.generation() < generation)
            .map(Compensation::done)
            .toList();
    log.doneAndCommit(done, offset);
    done.forEach(compensation -> open.remove(compensation.id()));
  }

  /** Compensations that this process published and executed. */
  long executed() {
    return executed;
  }

  /** Clusters given back by them. */
  long executedClusters() {
    return executedClusters;
  }
}
