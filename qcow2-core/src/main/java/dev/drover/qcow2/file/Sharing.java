package dev.drover.qcow2.file;

/** What others may do with a file while it is open here; every other case is a conflict. */
enum Sharing {
  /** Nobody else has it open, except by force. */
  WRITER,
  /** Others may read. */
  READER,
  /** Takes no lock and minds none: what is read may be changing. */
  FORCED
}
