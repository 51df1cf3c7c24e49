/**
 * The verbs, one class each, and the root they hang on. May use every module; wiring lives in the
 * sibling packages where it is more than a call. Start with {@link
 * dev.drover.cli.command.DroverCommand}.
 */
package dev.drover.cli.command;
