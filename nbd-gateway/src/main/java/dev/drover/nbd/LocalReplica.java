package dev.drover.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.LongConsumer;

/**
 * Port: the image beside the gateway that follows the same journal. The gateway reads from it what
 * its overlay does not hold, and lets go of an overlay entry once the image shows it.
 *
 * <p>Thread-safe: {@link #read} is called by many threads at once, while the image is written.
 */
public interface LocalReplica {

  /**
   * Fills {@code dst} with guest content from {@code offset} on. The range lies inside the volume.
   *
   * <p>A read that begins after {@link #visibleOffset()} has returned {@code n} shows every valid
   * intent below {@code n}. It may show later ones too, wholly or in part.
   *
   * @throws IOException when the content cannot be read now; nothing is remembered of it
   */
  void read(long offset, ByteBuffer dst) throws IOException;

  /** The disk's size in bytes, as far as {@link #visibleOffset} shows it. */
  long sizeBytes();

  /**
   * The journal offset below which every intent shows in {@link #read}; shows, which is earlier
   * than "is durable in the image". Never falls.
   */
  long visibleOffset();

  /**
   * Registers a listener that hears each rise of {@link #visibleOffset()}, on the thread that
   * raised it and after it can be read. Listeners return quickly and never throw.
   */
  void onVisible(LongConsumer listener);
}
