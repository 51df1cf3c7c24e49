/**
 * The heart: one open image's changing state, and the only code that changes one. May use {@code
 * format} and {@code io}; not for use outside this module. Start with {@link
 * dev.drover.qcow2.core.ImageCore}, then {@link dev.drover.qcow2.core.WriteBatch}.
 */
package dev.drover.qcow2.core;
