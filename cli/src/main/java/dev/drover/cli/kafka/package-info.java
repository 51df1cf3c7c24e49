/**
 * A real single-node Kafka inside this process, for trying Drover out and for its demo. The only
 * package that may use Kafka's server. Start with {@link dev.drover.cli.kafka.EmbeddedBroker}.
 */
package dev.drover.cli.kafka;
