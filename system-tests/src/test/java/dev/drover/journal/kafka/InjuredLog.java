package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.WriterLog;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** A real log to which one thing happens that brokers and producers do once in a year. */
final class InjuredLog implements WriterLog {

  /** What happens. */
  enum Injury {
    /** The record lands, and its acknowledgement carries no offset. */
    UNTOLD_OFFSET,
    /** The send fails, and the record has not landed. */
    SEND_FAILS,
    /** The send fails, and the record has landed. */
    SEND_FAILS_THOUGH_IT_LANDED
  }

  private final WriterLog log;
  private final AtomicReference<Injury> next = new AtomicReference<>();
  private final AtomicInteger happened = new AtomicInteger();

  InjuredLog(WriterLog log) {
    this.log = log;
  }

  /** To the next append. */
  void injure(Injury injury) {
    next.set(injury);
  }

  int happened() {
    return happened.get();
  }

  @Override
  public Appender appender() throws JournalException {
    Appender real = log.appender();
    return new Appender() {
      @Override
      public void append(JournalRecord record, Receipt receipt) {
        Injury injury = next.getAndSet(null);
        if (injury == null) {
          real.append(record, receipt);
          return;
        }
        happened.incrementAndGet();
        switch (injury) {
          case UNTOLD_OFFSET -> real.append(record, new Untold(receipt));
          case SEND_FAILS -> {
            real.abort();
            receipt.failed(new IllegalStateException("injured"));
          }
          case SEND_FAILS_THOUGH_IT_LANDED -> real.append(record, new Failed(receipt, real));
        }
      }

      @Override
      public void abort() {
        real.abort();
      }
    };
  }

  private record Untold(Receipt receipt) implements Receipt {
    @Override
    public void acknowledged(long offset) {
      receipt.acknowledged(UNTOLD);
    }

    @Override
    public void failed(Exception cause) {
      receipt.failed(cause);
    }
  }

  private record Failed(Receipt receipt, Appender line) implements Receipt {
    @Override
    public void acknowledged(long offset) {
      failed(new IllegalStateException("injured"));
    }

    @Override
    public void failed(Exception cause) {
      line.abort();
      receipt.failed(cause);
    }
  }

  @Override
  public long beginOffset() throws JournalException {
    return log.beginOffset();
  }

  @Override
  public long endOffset() throws JournalException {
    return log.endOffset();
  }

  @Override
  public List<Seen> read(long from, long to) throws JournalException {
    return log.read(from, to);
  }

  @Override
  public void close() {
    log.close();
  }
}
