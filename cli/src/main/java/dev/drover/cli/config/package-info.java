/**
 * Where each setting comes from: flag, environment, file or default. May use only the terminal's
 * errors. Start with {@link dev.drover.cli.config.Settings}.
 */
package dev.drover.cli.config;
