/**
 * The apply side of an image that follows a journal: position slots, batches, give-back, recovery.
 * May use the rest of qcow2-core; knows nothing of Kafka. Start with {@link
 * dev.drover.qcow2.replica.ReplicaImage}.
 */
package dev.drover.qcow2.replica;
