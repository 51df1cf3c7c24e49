/**
 * Real Kafka brokers inside the test's own process, for every test that needs one. Start at
 * EmbeddedKafka. May use Kafka's own test kit; knows nothing of Drover but how settings look.
 */
package dev.drover.system.kafka;
