/**
 * Intents that the local image does not show yet, indexed by guest offset. Uses the JDK only. Start
 * reading at {@link dev.drover.nbd.overlay.Overlay}.
 */
package dev.drover.nbd.overlay;
