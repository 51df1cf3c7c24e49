package dev.drover.journal;

import dev.drover.journal.AckWindow.Settled;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.LogView.Seen;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The writer of one volume: takes an epoch, appends in it, and completes an append only when it is
 * certain to count. Knows a log by {@link WriterLog} only; whoever owns it calls {@link #step} over
 * and over on one thread.
 *
 * <p><b>Taking an epoch</b>: look at the log's end (is another writer alive?), append EPOCH, and on
 * its acknowledgement at k look below k again, for late records of the former writer count, and the
 * running total and the time stamps go on from them. The first record of an epoch is a heartbeat:
 * its acknowledgement shows at once whether two have taken an epoch at the same moment.
 *
 * <p><b>Settling</b>: receipts arrive on any thread and are only queued; {@link #step} hands them
 * to the {@link AckWindow} and does what that says, so that all judgement happens on one thread and
 * without a lock.
 *
 * <p><b>Failure</b>: when an append fails for good, the line of appends is dead ({@link
 * WriterLog.Appender}). Unless the log shows a later EPOCH, the writer takes one new epoch, settles
 * what has landed below it, and appends the rest again. If that fails before all of it has been
 * settled, the writer is lost.
 *
 * <p>Choices that look like bugs and are not: a failed append stays pending and its future open,
 * for the new epoch may still settle it; a receipt of an abandoned line is dropped, for what it
 * says is read from the log.
 */
public final class EpochWriter implements IntentSink {
  private static final Duration WATCH = Duration.ofSeconds(1);

  /** How long a log that can't be reached is tried before the first epoch. */
  private static final Duration FIRST_LOOK = Duration.ofSeconds(10);

  /**
   * Who writes, and how patiently.
   *
   * @param journal the log's name, for messages
   * @param volume the volume's UUID
   * @param host the host's name
   * @param incarnation the image that is served, or {@link Intent.Epoch#NO_IMAGE}
   * @param image the image's path, or empty
   * @param takeOver whether to supersede a live writer of another image
   * @param gone the epoch of a writer that the caller knows to be gone, or −1
   * @param patience how long the log may stay unreadable, or hide a record that it acknowledged,
   *     before the writer is lost; and how long to try for a new epoch after a failure
   * @param lease how long to answer reads on one proof, see {@link ReadLease}; zero for a writer
   *     that nobody reads from
   */
  public record Options(
      String journal,
      UUID volume,
      String host,
      UUID incarnation,
      String image,
      boolean takeOver,
      long gone,
      Duration patience,
      Duration lease) {}

  private enum Phase {
    /** Before the EPOCH record: who is there? */
    LOOKING,
    /** The EPOCH record is on its way. */
    TAKING,
    /** The EPOCH record is in the log: what is below it? */
    CATCHING_UP,
    RUNNING,
    ENDED
  }

  private final WriterLog log;
  private final Options options;
  private final Clock clock;
  private final LongSupplier nanos;
  private final Supplier<UUID> nonces;
  private final AppendLine appends;
  private final ReadLease lease;
  private final FormerReaders formerReaders;
  private final WriterWatch watch = new WriterWatch();
  private final CompletableFuture<Long> ready = new CompletableFuture<>();
  private final CompletableFuture<JournalException> lost = new CompletableFuture<>();
  private volatile long epoch = JournalRecord.NONE;

  private Phase phase = Phase.LOOKING;
  private AckWindow window;
  private UUID nonce;
  private long tookAt;
  private long settledTotal;
  private long settlesFrom;
  private long deadline;
  private long lastWatch;
  private boolean searching;
  private long searchingSince;
  private Exception failure;
  // How many appends the present epoch has still to settle before another failure is forgiven.
  private int probation;

  /**
   * A writer that will take an epoch as it is stepped.
   *
   * @param clock stamps records
   * @param nanos measures time, as {@link System#nanoTime} does
   * @param nonces a new UUID each time
   */
  public EpochWriter(
      WriterLog log, Options options, Clock clock, LongSupplier nanos, Supplier<UUID> nonces) {
    this.log = Objects.requireNonNull(log, "log");
    this.options = Objects.requireNonNull(options, "options");
    this.clock = Objects.requireNonNull(clock, "clock");
    this.nanos = Objects.requireNonNull(nanos, "nanos");
    this.nonces = Objects.requireNonNull(nonces, "nonces");
    this.appends = new AppendLine(options.volume, clock, nanos);
    this.lease = new ReadLease(options.lease, nanos, clock);
    this.formerReaders = new FormerReaders(options);
    this.settlesFrom = nanos.getAsLong();
    this.deadline = nanos.getAsLong() + FIRST_LOOK.toNanos();
  }

  /** Completes with the first epoch when it was taken, or with why it can't be. */
  public CompletableFuture<Long> ready() {
    return ready;
  }

  /** {@inheritDoc} It rises when the writer had to take another one after a failure. */
  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  public CompletableFuture<JournalException> lost() {
    return lost;
  }

  @Override
  public CompletableFuture<Void> sole() {
    return lease.sole();
  }

  @Override
  public CompletableFuture<Long> append(Intent intent) {
    if (intent instanceof Intent.Epoch) {
      throw new IllegalArgumentException("the writer opens its epochs itself");
    }
    return appends.append(Chunker.split(intent));
  }

  /**
   * Appends the goodbye and refuses everything after it; completes when all before it is settled,
   * and the goodbye too. The caller goes on stepping until then.
   */
  public CompletableFuture<Long> sayGoodbye() {
    return appends.appendLast(new Intent.Heartbeat(true));
  }

  /** Ends without a word: what is not settled fails as CLOSED. To be called on the same thread. */
  @Override
  public void close() {
    end(new JournalException(Code.CLOSED, "the writer was closed"));
    log.close();
  }

  /** Ends because of a defect in the writer or around it. To be called on the same thread. */
  public void fail(Throwable defect) {
    end(new JournalException(Code.APPEND_FAILED, "internal error: " + defect, defect));
  }

  /** Whether the writer has ended; further steps do nothing. */
  public boolean isEnded() {
    return phase == Phase.ENDED;
  }

  /** Waits up to {@code max} for something to do, and does what there is to do. */
  public void step(Duration max) throws InterruptedException {
    for (AppendLine.Receipt receipt : appends.receipts(max)) {
      if (appends.isCurrent(receipt)) {
        take(receipt);
      }
    }
    try {
      switch (phase) {
        case LOOKING -> look();
        case TAKING, ENDED -> {}
        case CATCHING_UP -> catchUp();
        case RUNNING -> run();
      }
    } catch (JournalException e) {
      if (!e.retriable()) {
        end(e);
      } else if (nanos.getAsLong() - deadline >= 0) {
        // Whoever only wanted to begin may try again; what was promised to be appended is lost.
        end(window == null ? e : appendFailed(e));
      }
    }
  }

  private void take(AppendLine.Receipt receipt) {
    if (receipt.failure() != null) {
      failed(receipt.failure());
    } else if (phase == Phase.TAKING) {
      // An untold place is kept as −(where to look from) − 1 until it was found.
      boolean told = receipt.offset() != WriterLog.Receipt.UNTOLD;
      tookAt = told ? receipt.offset() : -tookAt - 1;
      phase = Phase.CATCHING_UP;
      patient();
    } else {
      window.acknowledged(receipt.sequence(), receipt.offset());
    }
  }

  /** Something went on: the time until a look that can't be made ends the writer starts again. */
  private void patient() {
    deadline = nanos.getAsLong() + options.patience.toNanos();
  }

  // ---- taking an epoch ----

  private void look() throws JournalException {
    LogTail tail = LogTail.below(log.endOffset(), log);
    formerReaders.saw(tail.endOffset(), nanos.getAsLong());
    if (window != null) {
      // After a failure: a later EPOCH in the log means fenced, not one more try.
      refuseToLookShort(tail.endOffset());
      obey(window.watched(tail.endOffset(), log.read(window.nextOffset(), tail.endOffset())));
    } else if (!options.takeOver && isForeign(tail.writer())) {
      switch (watch.judge(tail, clock.instant(), nanos.getAsLong())) {
        case ALIVE -> throw alive(tail.writer());
        case GONE -> {}
        case UNDECIDED -> {
          return;
        }
      }
    }
    nonce = nonces.get();
    tookAt = tail.endOffset();
    appends.open(
        log.appender(),
        new Intent.Epoch(
            nonce, options.host, options.incarnation, options.image, options.lease.toMillis()),
        tail);
    phase = Phase.TAKING;
  }

  private boolean isForeign(WriterState writer) {
    return writer != null
        && writer.epoch() != options.gone
        && (options.incarnation.equals(Intent.Epoch.NO_IMAGE)
            || !options.incarnation.equals(writer.incarnation()));
  }

  private void catchUp() throws JournalException {
    if (tookAt < 0) {
      tookAt = findOwnEpoch(-tookAt - 1);
    }
    long stamp = 0;
    if (window == null) {
      LogTail tail = LogTail.below(tookAt, log);
      settlesFrom = formerReaders.answeredUntil(tail, log, nanos.getAsLong());
      settledTotal = tail.totalPayloadBytes();
      stamp = tail.timestampMillis();
    } else {
      if (tookAt < window.nextOffset()) {
        throw new JournalException(
                Code.TRUNCATED, "it had reached offset " + window.nextOffset() + " before")
            .at(options.journal, tookAt);
      }
      List<Settled> landed = new ArrayList<>();
      obey(window.landed(tookAt, log.read(window.nextOffset(), tookAt), landed));
      landed.forEach(this::settle);
    }
    epoch = tookAt;
    window = new AckWindow(epoch);
    searching = false;
    phase = Phase.RUNNING;
    patient();
    appends.begin(epoch, settledTotal, stamp);
    appends.appendIfIdle(new Intent.Heartbeat(false));
    probation = appends.size();
  }

  private void refuseToLookShort(long end) throws JournalException {
    if (end < window.nextOffset()) {
      // No proof of a loss: a deposed leader that does not know it yet answers so.
      throw new JournalException(
          Code.NOT_AVAILABLE,
          "the journal seems to end at offset %d and had reached %d"
              .formatted(end, window.nextOffset()));
    }
  }

  /** The EPOCH record's acknowledgement told no offset: it is at or above {@code from}. */
  private long findOwnEpoch(long from) throws JournalException {
    for (Seen seen : log.read(from, log.endOffset())) {
      if (seen.record().intent() instanceof Intent.Epoch opened && opened.nonce().equals(nonce)) {
        return seen.offset();
      }
    }
    throw new JournalException(Code.NOT_AVAILABLE, "the own EPOCH record is not visible yet");
  }

  // ---- running ----

  private void run() throws JournalException {
    if (nanos.getAsLong() - settlesFrom < 0) {
      waitForFormerReaders();
      return;
    }
    while (phase == Phase.RUNNING) {
      AckWindow.Verdict verdict = window.next();
      switch (verdict) {
        case Settled settled -> settle(settled);
        case AckWindow.Look look -> window.looked(look, log.read(look.from(), look.to()));
        case AckWindow.Search search -> {
          if (!search(search)) {
            return;
          }
        }
        case AckWindow.GiveUp giveUp ->
            failed(new JournalException(Code.APPEND_FAILED, giveUp.why()));
        case AckWindow.Fenced _, AckWindow.Ruined _ -> obey(verdict);
        case AckWindow.Idle _ -> {
          idle();
          patient();
          return;
        }
      }
      patient();
    }
  }

  /** What is acknowledged now might be missed by a reader of a former writer. */
  private void waitForFormerReaders() {
    if (nanos.getAsLong() - appends.lastAppendNanos() >= WriterState.HEARTBEAT.toNanos()) {
      // Who watches the log for silence must not take this for it.
      appends.appendBeside(new Intent.Heartbeat(false));
    }
    patient();
  }

  /** Does what a verdict on the log's content says; null is none. */
  private void obey(AckWindow.Verdict verdict) throws JournalException {
    switch (verdict) {
      case AckWindow.Fenced fenced -> throw fenced(fenced);
      case AckWindow.Ruined ruined -> throw ruined.why();
      case null -> {}
      case AckWindow.Idle _,
          AckWindow.Settled _,
          AckWindow.Look _,
          AckWindow.Search _,
          AckWindow.GiveUp _ ->
          throw new IllegalStateException("no verdict on the log: " + verdict);
    }
  }

  private void settle(Settled settled) {
    AppendLine.Pending record = appends.settle(settled.sequence());
    settledTotal += record.intent.dataBytes();
    lease.prove(record.handedOver());
    probation = Math.max(0, probation - 1);
    if (probation == 0 && phase == Phase.RUNNING) {
      failure = null;
    }
    // The first record that is settled shows that the epoch was not taken by two.
    ready.complete(epoch);
    if (record.done != null) {
      record.done.complete(settled.offset());
    }
  }

  private boolean search(AckWindow.Search search) throws JournalException {
    long now = nanos.getAsLong();
    if (!searching) {
      searching = true;
      searchingSince = now;
    }
    if (window.searched(search, log.read(search.from(), log.endOffset()))) {
      searching = false;
      return true;
    }
    if (now - searchingSince > options.patience.toNanos()) {
      window.giveUp("sequence %d was acknowledged and is not there".formatted(search.sequence()));
      return true;
    }
    return false;
  }

  private void idle() throws JournalException {
    long now = nanos.getAsLong();
    if (!appends.isEmpty()) {
      return;
    }
    boolean silent = now - appends.lastAppendNanos() >= WriterState.HEARTBEAT.toNanos();
    if (silent || lease.wantsProof()) {
      appends.appendIfIdle(new Intent.Heartbeat(false));
    } else if (now - lastWatch >= WATCH.toNanos()) {
      lastWatch = now;
      watch();
    }
  }

  /** An idle writer's look at the log's end: its next heartbeat would be late to notice. */
  private void watch() throws JournalException {
    try {
      long end = log.endOffset();
      if (end > window.nextOffset()) {
        obey(window.watched(end, log.read(window.nextOffset(), end)));
      }
    } catch (JournalException e) {
      if (!e.retriable()) {
        throw e;
      }
      // The next heartbeat decides whether the journal is lost.
    }
  }

  // ---- ending ----

  /** The line of appends is dead: one more epoch, or the end. */
  private void failed(Exception cause) {
    if (phase != Phase.RUNNING || probation > 0) {
      end(appendFailed(cause));
      return;
    }
    failure = cause;
    phase = Phase.LOOKING;
    patient();
    appends.abandon();
  }

  private void end(JournalException why) {
    if (phase == Phase.ENDED) {
      return;
    }
    phase = Phase.ENDED;
    JournalException reason = failure == null ? why : first(why);
    if (reason.journal().isEmpty()) {
      reason = reason.at(options.journal, reason.offset());
    }
    for (AppendLine.Pending record : appends.refuse(reason)) {
      if (record.done != null) {
        record.done.completeExceptionally(reason);
      }
    }
    ready.completeExceptionally(reason);
    if (reason.code() != Code.CLOSED) {
      lost.complete(reason);
    }
    lease.end(reason);
  }

  /** Of a failure and what came of it: the one that tells an operator more. */
  private JournalException first(JournalException why) {
    boolean tellsMore =
        why.code() == Code.CLOSED || why.code().kind() == JournalException.Kind.REFUSED;
    return tellsMore ? why : appendFailed(failure);
  }

  private static JournalException appendFailed(Exception cause) {
    boolean told =
        cause instanceof JournalException e
            && (e.code() == Code.APPEND_FAILED || e.code() == Code.NOT_AUTHORIZED);
    return told
        ? (JournalException) cause
        : new JournalException(
            Code.APPEND_FAILED, "the journal can't be written: " + cause.getMessage(), cause);
  }

  private JournalException fenced(AckWindow.Fenced by) {
    String who =
        by.by() == null ? "" : ", taken by %s for %s".formatted(by.by().host(), by.by().image());
    return new JournalException(
            Code.FENCED,
            "epoch %d is over: there is epoch %d%s".formatted(epoch, by.byEpoch(), who))
        .at(options.journal, by.byEpoch());
  }

  private JournalException alive(WriterState writer) {
    return new JournalException(
            Code.WRITER_ALIVE,
            "%s serves this volume (image %s, epoch %d), last heard of at %s"
                .formatted(writer.host(), writer.image(), writer.epoch(), writer.lastSeen()))
        .at(options.journal, JournalException.NO_OFFSET);
  }
}
