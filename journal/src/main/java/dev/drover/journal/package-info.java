/**
 * Intents, their codec, epochs and the fence, and the ports that Kafka adapters implement. May use
 * Jackson; Kafka only in the {@code kafka} package below; knows no qcow2.
 */
package dev.drover.journal;
