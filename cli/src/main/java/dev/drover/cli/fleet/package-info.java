/**
 * Many volumes in one process: which ones, each on its own so that none holds up another, and what
 * is to be said of all. Start with {@link dev.drover.cli.fleet.Fleet}.
 */
package dev.drover.cli.fleet;
