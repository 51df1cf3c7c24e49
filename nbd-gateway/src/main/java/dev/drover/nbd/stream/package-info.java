/**
 * Buffered bytes over a blocking socket, for both ends of a connection. Uses the JDK only. Start
 * reading at {@link dev.drover.nbd.stream.ByteInput}.
 */
package dev.drover.nbd.stream;
