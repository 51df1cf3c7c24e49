/**
 * Deliberate defects in production code, and whether the simulators notice: each is a patch below a
 * module's {@code src/test/mutants}, compiled in memory over the sources and run in a class loader
 * of its own. Production code knows of none.
 *
 * <p>Uses the JDK's compiler; is part of this module's test jar, so that other modules can break
 * themselves too. Start with {@link dev.drover.qcow2.mutants.Mutant}; docs/mutations.md lists them.
 */
package dev.drover.qcow2.mutants;
