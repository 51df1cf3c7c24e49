/**
 * What the bytes of a qcow2 image mean: codecs without I/O policy. Uses the JDK and zstd. Start
 * with {@code Header}.
 */
package dev.drover.qcow2.format;
