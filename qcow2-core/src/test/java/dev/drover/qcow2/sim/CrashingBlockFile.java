package dev.drover.qcow2.sim;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A file that keeps what is <em>durable</em> apart from what is only <em>written</em>, and can say
 * what any power cut would leave.
 *
 * <p>Every 512-byte sector, and the length, has a list of versions: the oldest is durable, the
 * others were written since. Reads see the newest. A power cut leaves one version of each, any
 * combination: so writes are torn between sectors, reordered, and lost, an intermediate version can
 * survive a later overwrite, a length without its data and data without its length. A successful
 * {@link #sync} leaves the newest alone.
 *
 * <pre>
 *   sector 7:   durable ── written ── written (newest: what reads see)
 *                  └─────────┴──────────┴── any one of them after the cut
 * </pre>
 *
 * <p>After a <em>failed</em> sync ({@link #failSync}) everything unsynced is <em>lost</em>: it
 * stays readable, but later syncs do not make it durable. It keeps all its versions until it is
 * written again, even with the same bytes, and synced after that.
 *
 * <p>A punch is a write of zeroes; a truncation likewise, beside the shorter length.
 *
 * <p>Nothing here is random: a {@link Survival} picks the versions, see {@link #everyCrash} and
 * {@link #sampledCrashes}.
 */
public final class CrashingBlockFile implements BlockFile {

  /** Which version of an undecided thing survives a power cut. */
  @FunctionalInterface
  public interface Survival {

    /** Nothing unsynced survives. */
    Survival NOTHING = (item, versions) -> 0;

    /** Everything written survives. */
    Survival EVERYTHING = (item, versions) -> versions - 1;

    /**
     * @param item index into {@link #undecided()}
     * @param versions how many there are, at least 2
     * @return the one that survives: 0 is the durable one, {@code versions − 1} the newest
     */
    int survivor(int item, int versions);

    static Survival random(RandomGenerator random) {
      return (item, versions) -> random.nextInt(versions);
    }
  }

  /** Something whose content after a power cut is open. */
  public record Undecided(long sector, int versions) {

    /** {@link #sector} of the file's length. */
    public static final long LENGTH = -1;
  }

  private static final class Versions<T> {
    private final List<T> all = new ArrayList<>(2);
    private boolean lost;

    Versions(T durable) {
      all.add(durable);
    }

    T newest() {
      return all.getLast();
    }
  }

  private final String name;
  private final Sectors written;
  private final TreeMap<Long, Versions<byte[]>> open = new TreeMap<>();
  private Versions<Long> lengths;

  public CrashingBlockFile(String name) {
    this(name, new Sectors());
  }

  private CrashingBlockFile(String name, Sectors durable) {
    this.name = name;
    this.written = durable;
    this.lengths = new Versions<>(durable.length());
  }

  /** A file whose durable content is that of {@code start}, for instance what a crash left. */
  public static CrashingBlockFile of(MemoryBlockFile start) {
    return new CrashingBlockFile(start.name(), new Sectors(start.sectors()));
  }

  @Override
  public synchronized void read(ByteBuffer dst, long offset) {
    written.read(dst, offset);
  }

  @Override
  public synchronized void write(ByteBuffer src, long offset) {
    long at = offset;
    while (src.hasRemaining()) {
      int within = (int) (at % SECTOR_BYTES);
      int n = Math.min(src.remaining(), SECTOR_BYTES - within);
      long sector = at / SECTOR_BYTES;
      putSector(sector, written.merged(sector, within, src, n));
      at += n;
    }
    if (at > written.length()) {
      putLength(at);
      written.grow(at);
    }
  }

  private void putSector(long sector, byte[] bytes) {
    Versions<byte[]> versions = open.get(sector);
    byte[] before = written.get(sector);
    boolean same = Arrays.equals(before, bytes);
    if (versions == null) {
      if (same) {
        return; // one version only: nothing a power cut could decide
      }
      versions = new Versions<>(before);
      open.put(sector, versions);
    }
    versions.lost = false;
    if (!same) {
      versions.all.add(bytes);
      written.set(sector, bytes);
    }
  }

  private void putLength(long bytes) {
    lengths.lost = false;
    if (lengths.newest() != bytes) {
      lengths.all.add(bytes);
    }
  }

  @Override
  public synchronized long length() {
    return written.length();
  }

  @Override
  public synchronized void setLength(long bytes) {
    zero(bytes, written.length());
    putLength(bytes);
    written.setLength(bytes);
  }

  private void zero(long from, long end) {
    for (long at = from; at < end; ) {
      int within = (int) (at % SECTOR_BYTES);
      int n = (int) Math.min(end - at, SECTOR_BYTES - within);
      long sector = at / SECTOR_BYTES;
      putSector(sector, written.merged(sector, within, ByteBuffer.allocate(n), n));
      at += n;
    }
  }

  @Override
  public synchronized void sync() {
    open.values().removeIf(versions -> !versions.lost);
    if (!lengths.lost) {
      lengths = new Versions<>(lengths.newest());
    }
  }

  /** What a sync does that ends in an error: the caller throws. */
  public synchronized void failSync() {
    open.values().forEach(versions -> versions.lost = true);
    lengths.lost = lengths.all.size() > 1;
  }

  @Override
  public synchronized void punch(long offset, long length) {
    zero(offset, Math.min(offset + length, written.length()));
  }

  /** What a power cut would decide about now: sectors in ascending order, the length last. */
  public synchronized List<Undecided> undecided() {
    List<Undecided> items = new ArrayList<>();
    for (Map.Entry<Long, Versions<byte[]>> sector : open.entrySet()) {
      items.add(new Undecided(sector.getKey(), sector.getValue().all.size()));
    }
    if (lengths.all.size() > 1) {
      items.add(new Undecided(Undecided.LENGTH, lengths.all.size()));
    }
    return items;
  }

  /** The file as a power cut now would leave it. This file goes on unharmed. */
  public synchronized MemoryBlockFile crash(Survival survival) {
    Sectors disk = new Sectors(written);
    int item = 0;
    for (Map.Entry<Long, Versions<byte[]>> sector : open.entrySet()) {
      List<byte[]> versions = sector.getValue().all;
      disk.set(sector.getKey(), versions.get(survival.survivor(item++, versions.size())));
    }
    int versions = lengths.all.size();
    int survivor = versions == 1 ? 0 : survival.survivor(item, versions);
    disk.setLength(lengths.all.get(survivor));
    return new MemoryBlockFile(name, disk);
  }

  /** Sectors that a power cut would decide about, ascending. */
  synchronized List<Long> openSectors() {
    return List.copyOf(open.keySet());
  }

  /** The versions of such a sector, the durable one first. */
  synchronized List<byte[]> versions(long sector) {
    return List.copyOf(open.get(sector).all);
  }

  /** The lengths that a power cut may leave, the durable one first; one if that is decided. */
  synchronized List<Long> openLengths() {
    return List.copyOf(lengths.all);
  }

  /** Hash of the sectors below {@code end} that are decided. */
  synchronized long decidedHash(long end) {
    return written.hash(end, open::containsKey);
  }

  /** How many different choices {@link #crash} has now; {@link Long#MAX_VALUE} beyond a long. */
  public long crashStates() {
    long states = 1;
    for (Undecided item : undecided()) {
      if (states > Long.MAX_VALUE / item.versions()) {
        return Long.MAX_VALUE;
      }
      states *= item.versions();
    }
    return states;
  }

  /**
   * Every state that a power cut now can leave, each once. Distinct choices can give equal content
   * (data behind a length that did not survive): counting states is the caller's business.
   */
  public Iterable<MemoryBlockFile> everyCrash() {
    long states = crashStates();
    return () ->
        new Iterator<>() {
          private long next;

          @Override
          public boolean hasNext() {
            return next < states;
          }

          @Override
          public MemoryBlockFile next() {
            return crash(numbered(next++));
          }
        };
  }

  /** The n-th choice of {@link #everyCrash}, for a replay. Use it for one crash only. */
  public static Survival numbered(long number) {
    long[] rest = {number};
    return (item, versions) -> {
      int survivor = (int) (rest[0] % versions);
      rest[0] /= versions;
      return survivor;
    };
  }

  /** {@code count} seeded states; the first two are nothing and everything. */
  public Iterable<MemoryBlockFile> sampledCrashes(RandomGenerator random, int count) {
    return () ->
        new Iterator<>() {
          private int made;

          @Override
          public boolean hasNext() {
            return made < count;
          }

          @Override
          public MemoryBlockFile next() {
            return switch (made++) {
              case 0 -> crash(Survival.NOTHING);
              case 1 -> crash(Survival.EVERYTHING);
              default -> crash(Survival.random(random));
            };
          }
        };
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void close() throws IOException {}
}
