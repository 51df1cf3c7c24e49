package dev.drover.nbd.server;

import java.time.Duration;

/**
 * Limits that keep one client from taking the server away from the others.
 *
 * @param maxConnections further ones are accepted and closed at once
 * @param handshakeTimeout from accept to the end of option haggling
 * @param maxRequestsPerConnection requests read and not yet answered; then the connection is read
 *     no further until an answer has left
 * @param readBudgetBytes memory for the data of read replies, over all connections to one export
 * @param writeBudgetBytes memory for the data of unanswered writes, over all connections to one
 *     export
 * @param stallTimeout how long a client may take to send or accept the data of one request while
 *     others wait for the memory it occupies; then it is disconnected
 */
public record NbdServerOptions(
    int maxConnections,
    Duration handshakeTimeout,
    int maxRequestsPerConnection,
    long readBudgetBytes,
    long writeBudgetBytes,
    Duration stallTimeout) {

  /** The largest payload of one request: what the specification tells clients to expect. */
  public static final int MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

  public static final NbdServerOptions DEFAULT =
      new NbdServerOptions(
          128,
          Duration.ofSeconds(10),
          256,
          2L * MAX_PAYLOAD_BYTES,
          2L * MAX_PAYLOAD_BYTES,
          Duration.ofSeconds(30));

  /** For a server of several exports: each has room for one request of the largest size. */
  public static final NbdServerOptions ONE_OF_MANY =
      new NbdServerOptions(
          512,
          Duration.ofSeconds(10),
          256,
          MAX_PAYLOAD_BYTES,
          MAX_PAYLOAD_BYTES,
          Duration.ofSeconds(30));

  public NbdServerOptions {
    if (maxConnections < 1 || maxRequestsPerConnection < 1) {
      throw new IllegalArgumentException("at least one connection and one request");
    }
    if (readBudgetBytes < MAX_PAYLOAD_BYTES || writeBudgetBytes < MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("a budget below the largest payload would block for ever");
    }
  }
}
