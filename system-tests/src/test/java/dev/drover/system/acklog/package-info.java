/**
 * A guest that never trusts its disk: it logs, outside Drover, every write it sent and every one
 * that was acknowledged, reconnects by itself, and a verifier then judges a volume or an image by
 * that log alone. Uses the NBD client only. Start reading at {@link
 * dev.drover.system.acklog.SectorHistory}.
 */
package dev.drover.system.acklog;
