package dev.drover.cli.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A size as qemu-img reads it: digits, perhaps a fraction, perhaps one 1024-based suffix of either
 * case; or a hexadecimal number. A bare number counts bytes.
 */
public record ByteSize(long bytes) {
  private static final Pattern FORM = Pattern.compile("(\\d+(?:\\.\\d+)?)([bkmgtpeBKMGTPE]?)");
  private static final Pattern HEXADECIMAL = Pattern.compile("0[xX]([0-9a-fA-F]+)");
  private static final String SUFFIXES = "BKMGTPE";

  /** The sector, to which every virtual disk is rounded up. */
  public static final int SECTOR_BYTES = 512;

  /** Parses any size from 0 to 2^63 − 1. */
  public static ByteSize parse(String text) {
    Matcher hexadecimal = HEXADECIMAL.matcher(text);
    if (hexadecimal.matches()) {
      return fitting(text, new BigInteger(hexadecimal.group(1), 16));
    }
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalValue(
          "'"
              + text
              + "' is not a size; give a number of bytes, or one with the suffix K, M, G or T");
    }
    String suffix = form.group(2);
    int power = suffix.isEmpty() ? 0 : SUFFIXES.indexOf(Character.toUpperCase(suffix.charAt(0)));
    BigInteger bytes =
        new BigDecimal(form.group(1))
            .multiply(new BigDecimal(BigInteger.ONE.shiftLeft(10 * power)))
            .setScale(0, RoundingMode.DOWN)
            .toBigInteger();
    return fitting(text, bytes);
  }

  private static ByteSize fitting(String text, BigInteger bytes) {
    if (bytes.bitLength() > 63) {
      throw new IllegalValue("size '" + text + "' does not fit 63 bits; give a smaller one");
    }
    return new ByteSize(bytes.longValueExact());
  }

  /**
   * Parses the size of a virtual disk: more than nothing, rounded up to whole sectors as qemu-img
   * does, and no more than an image of this cluster size can map.
   */
  public static ByteSize parseDisk(String text, int clusterSizeBytes) {
    long bytes = parse(text).bytes();
    if (bytes == 0) {
      throw new IllegalValue("size '" + text + "' is zero; a disk needs at least one sector");
    }
    long most = mostMappable(clusterSizeBytes);
    if (bytes > most) {
      throw new IllegalValue(
          "size '%s' is more than clusters of %d bytes can map (%s); give a smaller one"
              .formatted(text, clusterSizeBytes, text(most)));
    }
    return new ByteSize(Math.ceilDiv(bytes, SECTOR_BYTES) * SECTOR_BYTES);
  }

  /**
   * The largest disk that clusters of this size can map: QEMU refuses an L1 table above 32 MiB, and
   * each of its entries leads to one cluster of 8-byte entries.
   */
  public static long mostMappable(int clusterSizeBytes) {
    long l1Entries = (32L << 20) / Long.BYTES;
    long clustersPerTable = clusterSizeBytes / Long.BYTES;
    return l1Entries * clustersPerTable * clusterSizeBytes;
  }

  /** The size as people say it, in the manner of qemu-img: three significant digits. */
  public static String text(long bytes) {
    double value = bytes;
    int power = 0;
    while (value >= 1000 && power < SUFFIXES.length() - 1) {
      value /= 1024;
      power++;
    }
    String digits = significant(value);
    return digits + (power == 0 ? " B" : " " + SUFFIXES.charAt(power) + "iB");
  }

  /** The size as it can be given again: with the largest suffix that leaves nothing over. */
  public static String exactText(long bytes) {
    long value = bytes;
    int power = 0;
    while (value > 0 && value % 1024 == 0 && power < SUFFIXES.length() - 1) {
      value /= 1024;
      power++;
    }
    return power == 0 ? Long.toString(value) : Long.toString(value) + SUFFIXES.charAt(power);
  }

  /** Three significant digits without trailing zeroes, as C's {@code %0.3g} prints them. */
  private static String significant(double value) {
    if (value == 0) {
      return "0";
    }
    return new BigDecimal(value)
        .round(new java.math.MathContext(3, RoundingMode.HALF_EVEN))
        .stripTrailingZeros()
        .toPlainString();
  }

  @Override
  public String toString() {
    return text(bytes);
  }
}
