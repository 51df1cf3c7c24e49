/**
 * The journal's ports on Kafka: producer, consumer, topic administration, registry. The only
 * package of this module that may import Kafka.
 */
package dev.drover.journal.kafka;
