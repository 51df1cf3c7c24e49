package dev.drover.qcow2.file;

/** What others may do with a file while it is open here; every other case is a conflict. */
enum Sharing {
  /** Nobody else has it open, except by force. */
  WRITER,
  /** Others may read. */
  READER,
  /** The writer of an image whose external data file this is; nobody else changes its size. */
  DATA_WRITER,
  /** The reader of one. */
  DATA_READER,
  /** Takes no lock and minds none: what is read may be changing. */
  FORCED;

  boolean isWriting() {
    return this == WRITER || this == DATA_WRITER;
  }
}
