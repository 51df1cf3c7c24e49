/**
 * The NBD wire format: constants, codecs and their byte diagrams, without I/O. Uses nothing but the
 * JDK. Start reading at {@link dev.drover.nbd.protocol.Request}.
 */
package dev.drover.nbd.protocol;
