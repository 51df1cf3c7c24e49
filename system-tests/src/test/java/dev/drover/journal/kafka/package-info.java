/**
 * Meddles with the writer from where its seam is: between it and a real broker.
 *
 * <p>In the writer's own package, because the seam is not for anybody else; here and not in {@code
 * journal}, because it needs a broker and a replica. Start with {@link
 * dev.drover.journal.kafka.InjuredWriterTest}.
 */
package dev.drover.journal.kafka;
