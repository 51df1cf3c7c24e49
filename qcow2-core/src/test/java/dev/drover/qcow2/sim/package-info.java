/**
 * Disks that fail, lose power and forget, for tests of anything that writes to a {@link
 * dev.drover.qcow2.io.BlockFile}. Uses the JDK alone; deterministic. Start with {@link
 * dev.drover.qcow2.sim.CrashingBlockFile}, wrapped in a {@link
 * dev.drover.qcow2.sim.FailingBlockFile}.
 */
package dev.drover.qcow2.sim;
