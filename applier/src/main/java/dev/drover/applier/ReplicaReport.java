package dev.drover.applier;

import dev.drover.journal.ReplicaStatus;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * What a replica is doing, at one moment: immutable, for status pages, metrics and summaries. The
 * counters start at 0 with the process.
 *
 * @param volume the volume's name
 * @param replica the replica's name
 * @param image where the image is
 * @param incarnation the image's incarnation
 * @param state as in {@code drover status}
 * @param fault why it does not go on; empty when it does
 * @param fromOffset the next offset to apply when it started
 * @param appliedOffset the next offset to apply, durable in the image
 * @param visibleOffset everything below it shows in reads
 * @param gateOffset no read and no POINT below it; 0 when there is none
 * @param untilOffset where it stops; −1 when it follows for ever
 * @param logEndOffset the journal's end when it last looked
 * @param lagRecords records behind
 * @param lagBytes payload bytes behind
 * @param lagSeconds how long the oldest unapplied record has been waiting
 * @param intents intents applied
 * @param bytes payload bytes applied
 * @param batches batches committed
 * @param compensations compensations published
 * @param compensatedClusters clusters given back by them
 * @param faults failed tries
 * @param recoveredClusters clusters whose refcount the recount at start lowered
 * @param lastProgressNanos {@link System#nanoTime} of the engine's last completed step: liveness
 */
public record ReplicaReport(
    String volume,
    String replica,
    Path image,
    UUID incarnation,
    ReplicaStatus.State state,
    Optional<Fault> fault,
    long fromOffset,
    long appliedOffset,
    long visibleOffset,
    long gateOffset,
    long untilOffset,
    long logEndOffset,
    long lagRecords,
    long lagBytes,
    double lagSeconds,
    long intents,
    long bytes,
    long batches,
    long compensations,
    long compensatedClusters,
    long faults,
    long recoveredClusters,
    long lastProgressNanos) {

  ReplicaReport withState(ReplicaStatus.State newState) {
    return new ReplicaReport(
        volume,
        replica,
        image,
        incarnation,
        newState,
        fault,
        fromOffset,
        appliedOffset,
        visibleOffset,
        gateOffset,
        untilOffset,
        logEndOffset,
        lagRecords,
        lagBytes,
        lagSeconds,
        intents,
        bytes,
        batches,
        compensations,
        compensatedClusters,
        faults,
        recoveredClusters,
        lastProgressNanos);
  }
}
