package dev.drover.nbd;

import dev.drover.nbd.overlay.Overlay;
import dev.drover.nbd.protocol.NbdException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * The one thread that appends. Changes leave in the order of their arrival, each once the overlay
 * has room for it. Intents that change no bytes overtake waiting changes: those are not answered
 * yet, so nothing is promised about their order, and a FLUSH must not wait for a full overlay.
 *
 * <p>Its queues are bounded by what the server lets its clients have in flight.
 */
final class Appender {
  private final Overlay overlay;
  private final Consumer<Submission> append;
  private final Thread thread;
  private final Queue<Submission> changes = new ArrayDeque<>();
  private final Queue<Submission> ordered = new ArrayDeque<>();
  private NbdException ended;

  /** {@code append} runs on the appender's thread and may block. */
  Appender(Overlay overlay, Consumer<Submission> append) {
    this.overlay = overlay;
    this.append = append;
    this.thread = Thread.ofVirtual().name("gateway-appender").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void submitChange(Submission submission) {
    submit(changes, submission);
  }

  void submitOrdered(Submission submission) {
    submit(ordered, submission);
  }

  /** The overlay may have room for the next change. */
  synchronized void roomMade() {
    notifyAll();
  }

  synchronized int waiting() {
    return changes.size() + ordered.size();
  }

  /** Fails what waits and what comes; does not wait for an append that is under way. */
  void end(NbdException reason) {
    List<Submission> left = new ArrayList<>();
    synchronized (this) {
      if (ended == null) {
        ended = reason;
      }
      left.addAll(ordered);
      left.addAll(changes);
      ordered.clear();
      changes.clear();
      notifyAll();
    }
    left.forEach(submission -> submission.fail(reason));
  }

  /** Returns whether its thread has ended, an append that was under way included. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return thread.join(limit);
  }

  private void submit(Queue<Submission> queue, Submission submission) {
    NbdException refused;
    synchronized (this) {
      refused = ended;
      if (refused == null) {
        queue.add(submission);
        notifyAll();
      }
    }
    if (refused != null) {
      submission.fail(refused);
    }
  }

  private void run() {
    try {
      for (Submission next = next(); next != null; next = next()) {
        append.accept(next);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the appender", e);
    }
  }

  /** The next that may be appended, its place in the overlay taken; null at the end. */
  private synchronized Submission next() throws InterruptedException {
    while (ended == null) {
      if (!ordered.isEmpty()) {
        return ordered.remove();
      }
      if (!changes.isEmpty() && changes.peek().enter(overlay)) {
        return changes.remove();
      }
      wait();
    }
    return null;
  }
}
