/**
 * Replicas, compensations and group offsets on a real broker and real files. May use everything.
 * Start with CompensationStepsTest.
 */
package dev.drover.system.applier;
