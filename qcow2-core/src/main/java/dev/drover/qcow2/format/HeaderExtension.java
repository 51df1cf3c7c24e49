package dev.drover.qcow2.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A header extension, whatever its kind; unknown ones are kept byte for byte.
 *
 * <pre>
 *   0   4  type
 *   4   4  length of the data, without padding
 *   8   n  data, padded with zeroes to a multiple of 8
 * </pre>
 *
 * <p>The array is shared, not copied: nobody may change it.
 */
public record HeaderExtension(int type, byte[] data) {

  /** Ends the list; it has no data. */
  public static final int END = 0;

  /** Format name of the backing file. */
  public static final int BACKING_FORMAT = 0xE2792ACA;

  /** Names of feature bits. */
  public static final int FEATURE_NAMES = 0x6803F857;

  /** Persistent dirty bitmaps: refers to clusters. */
  public static final int BITMAPS = 0x23852875;

  /** LUKS header: refers to clusters. */
  public static final int ENCRYPTION = 0x0537BE77;

  /** Name of an external data file. */
  public static final int EXTERNAL_DATA = 0x44415441;

  /** Drover's position slots ("DRVR"), see {@link PositionSlots}. */
  public static final int POSITION_SLOTS = 0x44525652;

  /** Bytes of type and length. */
  public static final int HEAD_BYTES = 8;

  /** One that holds a name. */
  public static HeaderExtension ofText(int type, String text) {
    return new HeaderExtension(type, text.getBytes(StandardCharsets.UTF_8));
  }

  /** The names of the feature bits that any image may have. */
  static HeaderExtension featureNames() {
    return new HeaderExtension(FEATURE_NAMES, FeatureName.encode(FeatureName.OURS));
  }

  String text() {
    return new String(data, StandardCharsets.UTF_8);
  }

  /** Bytes in the file: head, data and padding. */
  public int fileBytes() {
    return HEAD_BYTES + paddedBytes(data.length);
  }

  /** Writes head, data and padding. */
  public void encode(ByteBuffer to) {
    to.putInt(type).putInt(data.length).put(data);
    to.put(new byte[paddedBytes(data.length) - data.length]);
  }

  static int paddedBytes(int bytes) {
    return (bytes + 7) & ~7;
  }
}
