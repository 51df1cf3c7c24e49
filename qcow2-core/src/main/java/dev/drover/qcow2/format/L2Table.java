package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * An L2 table, one cluster of entries of 8 or of 16 bytes, or some neighbouring entries of one, as
 * they are in the file; {@link L2Entry} says what they mean. Whoever changes one keeps others from
 * reading it meanwhile.
 */
public final class L2Table {

  private final boolean extended;
  private final boolean external;
  private final long[] words;

  private L2Table(long[] words, boolean extended, boolean external) {
    this.words = words;
    this.extended = extended;
    this.external = external;
  }

  /** A table that maps nothing. */
  public static L2Table empty(Geometry geometry) {
    return new L2Table(
        new long[geometry.clusterSize() / Long.BYTES],
        geometry.extendedL2(),
        geometry.externalData());
  }

  /** Of one cluster, or of whole entries of it. */
  public static L2Table of(byte[] bytes, Geometry geometry) {
    long[] words = new long[bytes.length / Long.BYTES];
    ByteBuffer.wrap(bytes).asLongBuffer().get(words);
    return new L2Table(words, geometry.extendedL2(), geometry.externalData());
  }

  /** Reads a table; what lies behind the end of the file is 0. */
  public static L2Table read(BlockFile file, HostOffset at, Geometry geometry) throws IOException {
    byte[] bytes = new byte[geometry.clusterSize()];
    file.read(ByteBuffer.wrap(bytes), at.bytes());
    return of(bytes, geometry);
  }

  /** A copy of entries [from, to). */
  public L2Table part(int from, int to) {
    int perEntry = wordsOfEntry();
    return new L2Table(
        Arrays.copyOfRange(words, from * perEntry, to * perEntry), extended, external);
  }

  /** Takes over the entries of another, from entry {@code at} on. */
  public void put(int at, L2Table part) {
    System.arraycopy(part.words, 0, words, at * wordsOfEntry(), part.words.length);
  }

  /** How many entries it has. */
  public int entries() {
    return extended ? words.length / 2 : words.length;
  }

  private int wordsOfEntry() {
    return extended ? 2 : 1;
  }

  public L2Entry get(int index) {
    if (extended) {
      return new L2Entry(words[2 * index], words[2 * index + 1]);
    }
    long word = words[index];
    if ((word & L2Entry.COMPRESSED_FLAG) != 0) {
      return new L2Entry(word, 0);
    }
    boolean zero = (word & L2Entry.ZERO_FLAG) != 0;
    // In a data file 0 is a place like any other: there the COPIED flag tells.
    long place = L2Entry.OFFSET_MASK | (external ? L2Entry.COPIED_FLAG : 0);
    boolean data = !zero && (word & place) != 0;
    return L2Entry.standard(
        word & ~L2Entry.ZERO_FLAG, data ? L2Entry.ALL : 0, zero ? L2Entry.ALL : 0);
  }

  public void set(int index, L2Entry entry) {
    if (extended) {
      words[2 * index] = entry.descriptor();
      words[2 * index + 1] = entry.subclusters();
      return;
    }
    boolean zero = entry.zero() == L2Entry.ALL;
    if (!zero && entry.zero() != 0 || entry.hasCluster() && entry.holes() != 0) {
      throw new IllegalArgumentException("no entry of 8 bytes can say " + entry);
    }
    words[index] = entry.descriptor() | (zero ? L2Entry.ZERO_FLAG : 0);
  }

  /** The 8-byte words of one entry as they are in the file. */
  public long[] words(int index) {
    return Arrays.copyOfRange(words, index * wordsOfEntry(), (index + 1) * wordsOfEntry());
  }

  /** Takes over the words of an entry that was written at this byte of the table. */
  public void setWords(int atByte, long[] entry) {
    System.arraycopy(entry, 0, words, atByte / Long.BYTES, entry.length);
  }

  /** Entries [from, to) as they are in the file. */
  public ByteBuffer encode(int from, int to) {
    int perEntry = wordsOfEntry();
    ByteBuffer bytes = ByteBuffer.allocate((to - from) * perEntry * Long.BYTES);
    bytes.asLongBuffer().put(words, from * perEntry, (to - from) * perEntry);
    return bytes;
  }

  /** All of it as it is in the file. */
  public ByteBuffer encode() {
    return encode(0, entries());
  }
}
