/**
 * What every verb of one call shares: streams, settings, signals, the Kafka cluster, and how
 * failures are told. Start with {@link dev.drover.cli.session.Session}.
 */
package dev.drover.cli.session;
