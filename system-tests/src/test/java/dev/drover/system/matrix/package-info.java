/**
 * Every combination of the format's features, written by us and by QEMU side by side and by turns.
 *
 * <p>May use qcow2-core, the image verbs of the command and QEMU's programs. Start with {@link
 * dev.drover.system.matrix.FormatMatrixTest}.
 */
package dev.drover.system.matrix;
