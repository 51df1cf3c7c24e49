package dev.drover.journal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns what a guest asks for into intents that fit records. A long WRITE becomes several, in
 * order; a ZERO has no payload, so one record says it all; a TRIM is a ZERO, for a guest may read
 * anything after a TRIM but every replica has to read the same.
 */
public final class Chunker {
  /** Most data bytes in one record: half of Kafka's own default limit for a message. */
  public static final int MAX_DATA_BYTES = 512 * 1024;

  private Chunker() {}

  /** The intents of a guest's write of {@code data}, in order; the data is not copied. */
  public static List<Intent> write(long guestOffset, ByteBuffer data) {
    int length = data.remaining();
    List<Intent> chunks = new ArrayList<>(Math.ceilDiv(length, MAX_DATA_BYTES));
    for (int done = 0; done < length; done += MAX_DATA_BYTES) {
      ByteBuffer part = data.slice(data.position() + done, Math.min(MAX_DATA_BYTES, length - done));
      chunks.add(new Intent.Write(guestOffset + done, part));
    }
    return List.copyOf(chunks);
  }

  /** The intent of a guest's write-zeroes. */
  public static Intent.Zero zero(long guestOffset, long length, boolean noHole) {
    return new Intent.Zero(guestOffset, length, noHole);
  }

  /** The intent of a guest's trim. */
  public static Intent.Zero trim(long guestOffset, long length) {
    return new Intent.Zero(guestOffset, length, false);
  }

  /** The same intent in pieces that fit records: itself, unless it is a long WRITE. */
  public static List<Intent> split(Intent intent) {
    return intent instanceof Intent.Write w && w.length() > MAX_DATA_BYTES
        ? write(w.guestOffset(), w.data())
        : List.of(intent);
  }
}
