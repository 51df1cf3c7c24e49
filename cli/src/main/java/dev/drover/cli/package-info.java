/**
 * The {@code drover} command: one class a verb, configuration, HTTP status, embedded broker. May
 * use every module; this is where they are wired together.
 */
package dev.drover.cli;
