/**
 * qemu-img's verbs for hosts without QEMU, and verify: the same options, output and exit codes,
 * where offered. Uses qcow2-core alone. Start with {@link dev.drover.cli.image.ImageFile}.
 */
package dev.drover.cli.image;
