/**
 * The applier's ports on Kafka: compensations and group offsets. The only package of this module
 * that may import Kafka.
 */
package dev.drover.applier.kafka;
