package dev.drover.qcow2.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One entry of the feature name table, which tells a program what to call a bit that it does not
 * know.
 *
 * <pre>
 *   0   1  type: 0 incompatible, 1 compatible, 2 autoclear
 *   1   1  bit number
 *   2  46  name, padded with zeroes
 *  48
 * </pre>
 */
record FeatureName(int type, int bit, String name) {

  static final int BYTES = 48;
  static final int INCOMPATIBLE = 0;
  static final int COMPATIBLE = 1;
  static final int AUTOCLEAR = 2;

  private static final int NAME_BYTES = 46;

  /** What Drover writes into images that it makes: its own bit, and the ones that it may set. */
  static final List<FeatureName> OURS =
      List.of(
          new FeatureName(INCOMPATIBLE, 0, "dirty bit"),
          new FeatureName(INCOMPATIBLE, 1, "corrupt bit"),
          new FeatureName(INCOMPATIBLE, 3, "compression type"),
          new FeatureName(COMPATIBLE, 0, "lazy refcounts"),
          new FeatureName(AUTOCLEAR, Features.REPLICA_BIT, "drover replica position"));

  /** Only of images that have it from the start: no verb sets it later. */
  static final FeatureName EXTENDED_L2 = new FeatureName(INCOMPATIBLE, 4, "extended L2 entries");

  /** Only of images that have a data file. */
  static final List<FeatureName> DATA_FILE =
      List.of(
          new FeatureName(INCOMPATIBLE, 2, "external data file"),
          new FeatureName(AUTOCLEAR, 1, "raw external data"));

  static byte[] encode(List<FeatureName> names) {
    ByteBuffer table = ByteBuffer.allocate(names.size() * BYTES);
    for (FeatureName entry : names) {
      byte[] name = entry.name.getBytes(StandardCharsets.US_ASCII);
      table.put((byte) entry.type).put((byte) entry.bit);
      table.put(Arrays.copyOf(name, NAME_BYTES));
    }
    return table.array();
  }

  /** Never fails: an incomplete last entry is left out. */
  static List<FeatureName> decode(byte[] table) {
    List<FeatureName> names = new ArrayList<>();
    for (int at = 0; at + BYTES <= table.length; at += BYTES) {
      int end = at + 2;
      while (end < at + BYTES && table[end] != 0) {
        end++;
      }
      String name = new String(table, at + 2, end - at - 2, StandardCharsets.ISO_8859_1);
      names.add(new FeatureName(table[at] & 0xff, table[at + 1] & 0xff, name));
    }
    return names;
  }
}
