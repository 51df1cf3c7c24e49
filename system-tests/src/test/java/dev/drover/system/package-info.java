/**
 * What needs every module at once: rules over the tree, real brokers, QEMU as the judge.
 *
 * <p>May use everything; nothing depends on it. Start with {@code layers.LayerTest}.
 */
package dev.drover.system;
