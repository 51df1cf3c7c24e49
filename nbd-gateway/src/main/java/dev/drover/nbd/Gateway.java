package dev.drover.nbd;

import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.JournalException;
import dev.drover.nbd.overlay.Overlay;
import dev.drover.nbd.overlay.View;
import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.NbdException;
import dev.drover.nbd.server.Export;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One volume as a block device: changes go to the journal, reads come from the overlay of what the
 * local replica does not show yet, and from that replica.
 *
 * <p><b>Order.</b> One thread appends ({@link Appender}), so the journal's order is the order in
 * which it took the changes. Changes that overlap and are in flight together take effect in that
 * order, on every replica and in the overlay alike. A FLUSH, a mark or a snapshot is appended after
 * every change that was answered before it was asked for, because an answered change has been
 * appended.
 *
 * <p><b>What a read sees.</b> Every change answered before the read began, whoever answered it, and
 * of changes in flight any part; see {@link Overlay}. A gateway that another one may have succeeded
 * without its knowing answers no read until it knows ({@link IntentSink#sole}). With {@link
 * CacheMode#JOURNAL} a change is shown when it is acknowledged, never before, so that a crash
 * cannot take back what a read has shown, unless another client's write was still unanswered.
 *
 * <p><b>Back-pressure.</b> A change waits, unanswered and in order, until the overlay has room for
 * it; a FLUSH does not wait for room. Room comes back as the replica applies, which needs nothing
 * from here: so this is never a deadlock, and never an error. A replica that cannot apply (a full
 * disk) makes writes wait until it can.
 *
 * <p><b>The end of the journal.</b> When the sink is lost, everything fails at once and from then
 * on: with EIO, or ESHUTDOWN when another gateway has taken over; reads too, since another gateway
 * may have answered newer writes. The outcome of a change that was in flight is then unknown, and
 * no FLUSH ever succeeds again.
 */
public final class Gateway implements Export, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Gateway.class);
  private static final Duration CLOSE_WAIT = Duration.ofSeconds(10);

  private final String name;
  private final LocalReplica replica;
  private final CacheMode cacheMode;
  private final IntentSink sink;
  private final Overlay overlay;
  private final Appender appender;

  /** Everything appended and not yet acknowledged, so that a loss fails all of it at once. */
  private final Set<Submission> unacknowledged = ConcurrentHashMap.newKeySet();

  /** Why nothing works any more; null while it does. */
  private final AtomicReference<NbdException> failure = new AtomicReference<>();

  /** Completed when there is a failure. */
  private final CompletableFuture<Void> failed = new CompletableFuture<>();

  /**
   * Takes up work at once.
   *
   * @param replica shows everything below the sink's epoch already, and the epoch's own record
   * @throws IllegalStateException when the replica does not: its reads would lack changes that
   *     earlier gateways have answered
   */
  public Gateway(String name, IntentSink sink, LocalReplica replica, GatewayOptions options) {
    this(name, sink, sink.epoch(), replica, options);
  }

  /**
   * The same for who has waited for one epoch of the sink. A later one that the sink had to take
   * meanwhile changes nothing: it is still the only writer, and nobody else has answered anything
   * in between.
   *
   * @param epoch the sink's first, or any later one
   */
  public Gateway(
      String name, IntentSink sink, long epoch, LocalReplica replica, GatewayOptions options) {
    if (replica.visibleOffset() <= epoch) {
      throw new IllegalStateException(
          "the replica shows the journal up to offset %d, the epoch begins at %d"
              .formatted(replica.visibleOffset(), epoch));
    }
    this.name = name;
    this.sink = sink;
    this.replica = replica;
    this.cacheMode = options.cacheMode();
    this.overlay = new Overlay(options.overlayLimitBytes());
    this.appender = new Appender(overlay, this::append);
    replica.onVisible(this::imageShows);
    // What became visible before the listener was there.
    imageShows(replica.visibleOffset());
    sink.lost().thenAccept(this::fail);
    appender.start();
  }

  @Override
  public String name() {
    return name;
  }

  /**
   * The image's own, which follows the journal: what a client may write beyond the old end is
   * journaled behind the record that moved it.
   */
  @Override
  public long sizeBytes() {
    return replica.sizeBytes();
  }

  @Override
  public void read(long offset, ByteBuffer dst) throws IOException {
    ByteBuffer range = dst.slice();
    awaitChangesInFlight(offset, range.remaining());
    View view = overlay.view(offset, range.remaining());
    if (!view.coversAll()) {
      replica.read(offset, range.duplicate());
    }
    view.mergeOver(range);
    // Else the bytes may be older than what another gateway has answered.
    requireSole();
    dst.position(dst.limit());
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua) {
    return change(new Intent.Write(offset, data), fua);
  }

  /** Also TRIM: its range reads as zeroes afterwards, on this replica and on every other. */
  @Override
  public CompletableFuture<Void> zero(
      long offset, long length, boolean keepAllocated, boolean fua) {
    return change(new Intent.Zero(offset, length, keepAllocated), fua);
  }

  @Override
  public CompletableFuture<Void> flush() {
    return appendOrdered(new Intent.Flush()).thenAccept(_ -> {});
  }

  /**
   * Appends an intent that changes no bytes (a mark, a snapshot) after every change that has been
   * answered so far.
   *
   * @return its offset, once it is acknowledged
   */
  public CompletableFuture<Long> appendOrdered(Intent intent) {
    if (intent instanceof Intent.Write || intent instanceof Intent.Zero) {
      throw new IllegalArgumentException("changes bytes, so it must go through the overlay");
    }
    Submission submission = Submission.ordered(intent);
    appender.submitOrdered(submission);
    return submission.acknowledged();
  }

  /** What the gateway holds now. */
  public GatewayStats stats() {
    return new GatewayStats(
        overlay.usedBytes(), overlay.entryCount(), appender.waiting(), unacknowledged.size());
  }

  /**
   * Fails what still waits for room with ESHUTDOWN, waits for what was appended, and ends. Close
   * the server first, and the sink afterwards. Idempotent.
   */
  @Override
  public void close() {
    NbdException closed = new NbdException(NbdError.ESHUTDOWN, name + ": the gateway is closed");
    failure.compareAndSet(null, closed);
    failed.complete(null);
    appender.end(closed);
    try {
      boolean quiet = appender.awaitEnd(CLOSE_WAIT);
      CompletableFuture<?>[] inFlight =
          unacknowledged.stream()
              .map(submission -> submission.acknowledged().exceptionally(_ -> null))
              .toArray(CompletableFuture<?>[]::new);
      CompletableFuture.allOf(inFlight).get(CLOSE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
      if (!quiet) {
        log.warn("{}: an append is still under way when closing", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      log.warn("{}: {} intents unacknowledged when closing", name, unacknowledged.size());
    } catch (ExecutionException e) {
      throw new IllegalStateException("failures were turned into null", e);
    }
    unacknowledged.forEach(submission -> submission.fail(closed));
  }

  private CompletableFuture<Void> change(Intent intent, boolean fua) {
    Submission submission = Submission.change(intent, cacheMode == CacheMode.WRITEBACK && !fua);
    appender.submitChange(submission);
    return submission.answered();
  }

  /** On the appender's thread, one at a time: here the order of the journal is decided. */
  private void append(Submission submission) {
    // Into the set first, then look at the failure: fail() does it the other way round, so one of
    // the two always sees the other.
    unacknowledged.add(submission);
    NbdException broken = failure.get();
    if (broken != null) {
      settle(submission, null, broken);
      return;
    }
    CompletableFuture<Long> appended;
    try {
      appended = sink.append(submission.intent());
    } catch (RuntimeException e) {
      appended = CompletableFuture.failedFuture(e);
    }
    if (submission.answersEarly() && !appended.isCompletedExceptionally()) {
      overlay.show(submission.entry());
      submission.answered().complete(null);
    }
    appended.whenComplete((offset, e) -> settle(submission, offset, e));
  }

  /** On the sink's thread, in the order of the appends; short, and blocks on nothing. */
  private void settle(Submission submission, Long offset, Throwable e) {
    Overlay.Entry entry = submission.entry();
    if (e == null) {
      if (entry != null) {
        if (!submission.answersEarly()) {
          overlay.show(entry);
        }
        // Shown, so it may be answered. The image may have been faster, and room is made here.
        if (overlay.located(entry, offset)) {
          appender.roomMade();
        }
      }
      submission.acknowledged().complete(offset);
    } else {
      NbdException broken = fail(e);
      if (entry != null) {
        overlay.drop(entry);
      }
      submission.fail(broken);
    }
    unacknowledged.remove(submission);
  }

  /** Fails everything, from now on; the first reason stays. */
  private NbdException fail(Throwable thrown) {
    Throwable cause =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    boolean fenced =
        cause instanceof JournalException e && e.code() == JournalException.Code.FENCED;
    NbdError error = fenced ? NbdError.ESHUTDOWN : NbdError.EIO;
    NbdException broken = new NbdException(error, name + ": " + cause.getMessage(), cause);
    if (failure.compareAndSet(null, broken)) {
      failed.complete(null);
      appender.end(broken);
      unacknowledged.forEach(submission -> submission.fail(broken));
    }
    return failure.get();
  }

  /** Waits for those only that were appended before the call: no stream of writes holds it up. */
  private void awaitChangesInFlight(long offset, long length) throws IOException {
    for (Submission submission : unacknowledged) {
      if (!submission.answersEarly() && submission.changes(offset, length)) {
        try {
          submission.acknowledged().get();
        } catch (ExecutionException e) {
          log.debug("{}: a read waited for a change that failed", name);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted in a read");
        }
      }
    }
    // A change fails only when everything does.
    checkWorking();
  }

  /** Waits, hardly ever, until it is certain that no other gateway has answered anything. */
  private void requireSole() throws IOException {
    CompletableFuture<Void> sole = sink.sole();
    if (!sole.isDone()) {
      try {
        CompletableFuture.anyOf(sole, failed).get();
      } catch (ExecutionException e) {
        log.debug("{}: a read waited for a proof that never came", name);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted in a read");
      }
    }
    if (sole.isCompletedExceptionally()) {
      fail(sole.exceptionNow());
    }
    checkWorking();
  }

  private void imageShows(long visibleOffset) {
    if (overlay.visible(visibleOffset)) {
      appender.roomMade();
    }
  }

  private void checkWorking() throws NbdException {
    NbdException broken = failure.get();
    if (broken != null) {
      throw broken;
    }
  }
}
