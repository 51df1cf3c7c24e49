/**
 * Images from nowhere, found by coverage: {@link dev.drover.qcow2.fuzz.FuzzTest} starts the targets
 * under Jazzer. Uses the public API of qcow2-core, as a caller would.
 */
package dev.drover.qcow2.fuzz;
