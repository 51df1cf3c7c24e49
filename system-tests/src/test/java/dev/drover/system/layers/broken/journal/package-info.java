/** Breaks layer rules on purpose; see {@link dev.drover.system.layers.LayerTest}. */
package dev.drover.system.layers.broken.journal;
