/**
 * Where each setting comes from: flag, environment, file or default. May use the terminal's errors
 * and what the journal knows of Kafka's settings. Start with {@link
 * dev.drover.cli.config.Settings}.
 */
package dev.drover.cli.config;
