package dev.drover.journal;

import java.time.Clock;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;

/**
 * How long a writer may answer reads on its last proof that it is the only one.
 *
 * <p><b>The proof</b> is a record of its epoch that was settled: when that record was handed over,
 * no later EPOCH was in the log. Nothing less will do. Where the log ends proves nothing, because a
 * deposed leader that is cut off together with this writer goes on answering that it ends where it
 * used to; but such a leader can acknowledge no append.
 *
 * <p><b>The lease</b> counts from that moment. Whoever takes over acknowledges nothing before the
 * lease, and what two clocks may run apart in it, has passed after its own EPOCH was there ({@link
 * FormerReaders}). So what is read within the lease lacks nothing that anybody has been promised.
 *
 * <p>Time is measured by two clocks, and the one that has run further counts: the monotonic one
 * stands still while a host is suspended, the other one may be set back. A clock that is set
 * forward costs one more proof.
 *
 * <p>{@link #sole} is for any thread, the rest for the writer's own.
 */
final class ReadLease {

  /** A point in time by both clocks of this process. */
  record Moment(long nanos, long millis) {
    static Moment now(LongSupplier nanos, Clock clock) {
      return new Moment(nanos.getAsLong(), clock.millis());
    }

    /** Whether no clock has seen {@code limit} pass since. */
    private boolean isWithin(Duration limit, Moment later) {
      return later.nanos - nanos < limit.toNanos() && later.millis - millis < limit.toMillis();
    }
  }

  private record Waiting(Moment asked, CompletableFuture<Void> proven) {}

  private static final CompletableFuture<Void> PROVEN = CompletableFuture.completedFuture(null);

  private final Duration length;
  private final Duration half;
  private final LongSupplier nanos;
  private final Clock clock;
  private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();

  /** When the last proof's record was handed over; null before the first and after the end. */
  private volatile Moment newest;

  private volatile boolean wanted;
  private volatile JournalException ended;

  ReadLease(Duration length, LongSupplier nanos, Clock clock) {
    this.length = length;
    this.half = length.dividedBy(2);
    this.nanos = nanos;
    this.clock = clock;
  }

  /** See {@link IntentSink#sole}. */
  CompletableFuture<Void> sole() {
    Moment asked = Moment.now(nanos, clock);
    Moment proof = newest;
    if (proof == null || !proof.isWithin(length, asked)) {
      return await(asked);
    }
    if (!wanted && !proof.isWithin(half, asked)) {
      wanted = true;
    }
    return PROVEN;
  }

  private CompletableFuture<Void> await(Moment asked) {
    Waiting mine = new Waiting(asked, new CompletableFuture<>());
    waiting.add(mine);
    wanted = true;
    // Whatever came between the look and the place in the queue has not seen it there.
    JournalException why = ended;
    Moment proof = newest;
    if (why != null) {
      mine.proven.completeExceptionally(why);
      waiting.remove(mine);
    } else if (proof != null && covers(proof, asked)) {
      mine.proven.complete(null);
      waiting.remove(mine);
    }
    return mine.proven;
  }

  /** Whether somebody reads and the last proof is growing old, or has done so. */
  boolean wantsProof() {
    return wanted;
  }

  /** A record that was handed over then is settled. */
  void prove(Moment handedOver) {
    newest = handedOver;
    wanted = false;
    for (Waiting each : waiting) {
      if (covers(handedOver, each.asked)) {
        waiting.remove(each);
        each.proven.complete(null);
      }
    }
    wanted |= !waiting.isEmpty();
  }

  /** Nothing is proved any more. */
  void end(JournalException why) {
    ended = why;
    newest = null;
    for (Waiting each = waiting.poll(); each != null; each = waiting.poll()) {
      each.proven.completeExceptionally(why);
    }
  }

  private boolean covers(Moment proof, Moment asked) {
    // One made later needs no lease, and no clock that was set may keep it from counting. What one
    // instant of a clock holds has no order.
    return proof.nanos - asked.nanos > 0 || proof.isWithin(length, asked);
  }
}
