package dev.drover.journal;

import java.util.concurrent.CompletableFuture;

/**
 * Port: appends to one volume's journal as its only writer, within one epoch.
 *
 * <p>Contract for implementers:
 *
 * <ul>
 *   <li>Thread-safe. The order of {@link #append} calls is the order in the journal; where calls
 *       race, either order may result.
 *   <li>A future completes normally only if the record is in the journal, acknowledged by Kafka,
 *       and counts: it is of the last epoch at its place, and so is everything that this sink
 *       appended before. Futures complete in the order of their appends.
 *   <li>A failure is final for the sink: when one append fails, so does every later one, and {@link
 *       #lost} completes. A failed append may or may not be in the journal; if it is, it may or may
 *       not count.
 *   <li>While nothing is appended the sink writes a heartbeat every few seconds by itself.
 * </ul>
 */
public interface IntentSink extends AutoCloseable {
  /**
   * This writer's epoch: the offset of its EPOCH record. After a failure that the sink could repair
   * by itself it is a later one.
   */
  long epoch();

  /**
   * Appends one intent; a WRITE larger than {@link Chunker#MAX_DATA_BYTES} becomes several records.
   * May block while too much is in flight. The data must not change until the future completes.
   *
   * @return the offset of the intent's (last) record; completes with {@link JournalException}:
   *     FENCED, APPEND_FAILED, CLOSED, or what is wrong with the journal. Continuations run on the
   *     sink's own thread: keep them short
   */
  CompletableFuture<Long> append(Intent intent);

  /**
   * Completes when it is certain that no other writer of the volume had acknowledged anything when
   * this was called. So what was read before from what this sink's appends and its epoch's
   * beginning have made of the volume may be told to the guest. Hardly ever does it have to wait;
   * while the journal cannot be reached it does, as appends do, and fails as they do.
   */
  CompletableFuture<Void> sole();

  /**
   * Completes when nothing can be appended any more, with the reason: FENCED (another writer took
   * over), APPEND_FAILED, or what is wrong with the journal. Never completes exceptionally; not
   * completed by {@link #close}.
   */
  CompletableFuture<JournalException> lost();

  /**
   * Waits for what is in flight, appends the closing heartbeat if the epoch still is this writer's,
   * and ends. Idempotent.
   */
  @Override
  void close();
}
