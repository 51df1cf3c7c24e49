/**
 * What needs every module at once: simulation, kill loops, real brokers, QEMU as the judge. May use
 * everything; nothing depends on it.
 */
package dev.drover.system;
