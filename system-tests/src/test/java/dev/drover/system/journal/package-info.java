/**
 * The journal's Kafka adapters on real brokers: what a source, a writer, the registry do when the
 * log is trimmed, cut, damaged or away. May use the journal module and the embedded broker.
 */
package dev.drover.system.journal;
