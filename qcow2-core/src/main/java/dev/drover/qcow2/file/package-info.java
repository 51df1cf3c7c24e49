/**
 * Host files as {@link dev.drover.qcow2.io.BlockFile}, with QEMU's locks and fallocate(2). Uses the
 * JDK alone. Start with {@link dev.drover.qcow2.file.HostFile}.
 */
package dev.drover.qcow2.file;
