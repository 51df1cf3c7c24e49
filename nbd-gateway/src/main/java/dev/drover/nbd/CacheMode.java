package dev.drover.nbd;

/** When a write is answered. */
public enum CacheMode {
  /** When the journal has acknowledged it: an answered write survives a crash of the gateway. */
  JOURNAL,

  /**
   * As soon as the gateway holds it in memory; FLUSH and FUA wait for the journal. A crash of the
   * gateway loses answered, unflushed writes, as a power cut does with a disk's cache. Unsafe for
   * clients that reconnect by themselves: they flush into a new gateway that never had the writes.
   */
  WRITEBACK
}
