/**
 * What people type: sizes, names and points, parsed and checked before anything is touched. Knows
 * neither Kafka nor images. Start with {@link dev.drover.cli.value.Points}.
 */
package dev.drover.cli.value;
