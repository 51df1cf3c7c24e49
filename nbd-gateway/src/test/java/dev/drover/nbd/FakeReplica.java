package dev.drover.nbd;

import dev.drover.journal.Intent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;

/** An image in memory that applies what a {@link FakeJournal} holds when the test says so. */
final class FakeReplica implements LocalReplica {
  private final Object lock = new Object();
  private final FakeJournal journal;
  private byte[] content;
  private final List<LongConsumer> listeners = new CopyOnWriteArrayList<>();
  private long applied = FakeJournal.EPOCH + 1;
  private volatile long visible = FakeJournal.EPOCH + 1;
  private volatile IOException readFailure;
  private volatile Runnable afterRead = () -> {};

  FakeReplica(FakeJournal journal, int sizeBytes) {
    this.journal = journal;
    this.content = new byte[sizeBytes];
  }

  @Override
  public void read(long offset, ByteBuffer dst) throws IOException {
    if (readFailure != null) {
      throw readFailure;
    }
    synchronized (lock) {
      dst.put(content, (int) offset, dst.remaining());
    }
    afterRead.run();
  }

  @Override
  public long sizeBytes() {
    synchronized (lock) {
      return content.length;
    }
  }

  @Override
  public long visibleOffset() {
    return visible;
  }

  @Override
  public void onVisible(LongConsumer listener) {
    listeners.add(listener);
  }

  void failReads(IOException failure) {
    readFailure = failure;
  }

  /** What was read is handed over only after this: so reads can be slow. */
  void afterEachRead(Runnable pause) {
    afterRead = pause;
  }

  /** Applies one intent without saying so yet; false when there is none. */
  boolean applyNextSilently() {
    if (applied == journal.endOffset()) {
      return false;
    }
    Intent intent = journal.at(applied);
    synchronized (lock) {
      switch (intent) {
        case Intent.Write write ->
            write.data().get(content, (int) write.guestOffset(), write.length());
        case Intent.Zero zero ->
            Arrays.fill(
                content,
                (int) zero.guestOffset(),
                (int) (zero.guestOffset() + zero.length()),
                (byte) 0);
        case Intent.Resize resize -> content = Arrays.copyOf(content, (int) resize.sizeBytes());
        default -> {}
      }
    }
    applied++;
    return true;
  }

  /** Says how far it has come. */
  void announce() {
    visible = applied;
    listeners.forEach(listener -> listener.accept(applied));
  }

  void applyAll() {
    while (applyNextSilently()) {}
    announce();
  }
}
