/**
 * The packaged {@code drover} command on real input, judged by programs that are not ours.
 *
 * <p>Runs the distribution as child processes; knows what the command prints, not how it works
 * inside. Start with {@link dev.drover.system.command.Drover}.
 */
package dev.drover.system.command;
