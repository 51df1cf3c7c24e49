/**
 * The {@code ./drover} script, in a tree of its own with a stand-in for Maven.
 *
 * <p>May use bash. Start with {@link dev.drover.system.launcher.LauncherTest}.
 */
package dev.drover.system.launcher;
