package dev.drover.qcow2.format;

/** How compressed clusters of an image are compressed; the order is the header's code. */
public enum Compression {
  ZLIB,
  ZSTD
}
