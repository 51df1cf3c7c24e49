package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.WriterState;

/** What the end of a journal tells about its last writer. */
record LogTail(WriterState writer) {
  static LogTail read(LogReader log) throws JournalException {
    throw new UnsupportedOperationException("lands within the hour");
  }
}
