/**
 * Which module may know which, as tests that fail.
 *
 * <p>May use ArchUnit. Start with {@link dev.drover.system.layers.LayerRules}; the packages below
 * {@code broken} hold one class for every rule that breaks it, so that no rule is a dead letter.
 */
package dev.drover.system.layers;
