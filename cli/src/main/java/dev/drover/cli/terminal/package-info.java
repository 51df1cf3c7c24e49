/**
 * Where the command meets its caller: standard output, exit codes, one-line errors, signals, log
 * levels. Used by every command. Start with {@link dev.drover.cli.terminal.Console}.
 */
package dev.drover.cli.terminal;
