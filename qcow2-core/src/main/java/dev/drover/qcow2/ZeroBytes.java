package dev.drover.qcow2;

import java.nio.ByteBuffer;

/** Whether bytes are zeroes, eight at a time. */
final class ZeroBytes {

  private ZeroBytes() {}

  /** Of everything between position and limit, which stay. */
  static boolean areAll(ByteBuffer bytes) {
    int at = bytes.position();
    for (; at + Long.BYTES <= bytes.limit(); at += Long.BYTES) {
      if (bytes.getLong(at) != 0) {
        return false;
      }
    }
    for (; at < bytes.limit(); at++) {
      if (bytes.get(at) != 0) {
        return false;
      }
    }
    return true;
  }
}
