package dev.drover.nbd.overlay;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;

/**
 * The changes that the local image does not show yet, newest on top, in bounded memory.
 *
 * <p>An entry's life, each step once, in this order:
 *
 * <ol>
 *   <li>{@link #tryAdd}, before its intent is appended to the journal, in the order of the appends:
 *       it counts against the limit from here on;
 *   <li>{@link #show}: reads see it from here on, so this comes before the change is answered;
 *   <li>{@link #located}: its place in the journal is known;
 *   <li>gone, once it is located, {@link #visible} has passed its place, and all entries added
 *       before it are gone.
 * </ol>
 *
 * <p><b>How a read is put together.</b> First {@link #view}, then the image, then the view on top.
 * This order makes three things true:
 *
 * <ul>
 *   <li>A change that was answered before the read began is seen: when the view is taken it is
 *       shown, or it has gone, and then the image shows it before the image is read.
 *   <li>No older change hides a newer answered one. Entries go in the order of the appends, so
 *       whenever a newer entry has gone, every older one has too; among those still here the view
 *       gives the newest.
 *   <li>What a read finds in the image beneath the view can be newer than the view only by changes
 *       that were not answered when the read began: either outcome of that race is allowed.
 * </ul>
 *
 * <p>A change that is added but not shown is in no view, yet the image may show it early, because
 * the local replica reads the journal by itself. Whoever reads must settle what that means for the
 * order in which changes come into sight.
 *
 * <p>Thread-safe. Nothing here blocks: whoever finds no room waits outside.
 */
public final class Overlay {
  /** What an entry costs beside its data; it bounds how many there can be. */
  public static final int ENTRY_OVERHEAD_BYTES = 256;

  private final long limitBytes;

  /** What reads see: segments by start, which never overlap. */
  private final TreeMap<Long, Segment> shown = new TreeMap<>();

  /** All entries that have not gone, oldest first. */
  private final Queue<Entry> entries = new ArrayDeque<>();

  private long usedBytes;
  private long added;
  private long visibleOffset;

  /** One change. Its bytes never change. */
  public static final class Entry {
    private static final long UNKNOWN = -1;

    private final long start;
    private final long end;
    private final ByteBuffer data;
    private final long number;
    private final List<Segment> segments = new ArrayList<>(1);
    private long journalOffset = UNKNOWN;
    private boolean isShown;
    private boolean dropped;

    private Entry(long start, long end, ByteBuffer data, long number) {
      this.start = start;
      this.end = end;
      this.data = data;
      this.number = number;
    }

    private long costBytes() {
      return cost(data);
    }
  }

  /** A part of an entry that no newer entry covers. */
  private static final class Segment {
    private long start;
    private long end;
    private final Entry entry;
    private boolean covered;

    private Segment(long start, long end, Entry entry) {
      this.start = start;
      this.end = end;
      this.entry = entry;
    }
  }

  public Overlay(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /**
   * Adds a change that is not in the journal yet.
   *
   * @param data its bytes from position to limit, or null for zeroes
   * @return empty when there is no room now; one entry always has room, however large
   */
  public synchronized Optional<Entry> tryAdd(long offset, long length, ByteBuffer data) {
    if (usedBytes > 0 && usedBytes + cost(data) > limitBytes) {
      return Optional.empty();
    }
    Entry entry = new Entry(offset, offset + length, data, added++);
    usedBytes += entry.costBytes();
    entries.add(entry);
    return Optional.of(entry);
  }

  /** Reads see the entry from now on, unless newer shown ones cover it. */
  public synchronized void show(Entry entry) {
    if (entry.isShown || entry.dropped) {
      throw new IllegalStateException("shown twice, or after it was dropped");
    }
    entry.isShown = true;
    insert(entry);
  }

  /**
   * The entry's intent is in the journal, its last record at {@code journalOffset}.
   *
   * @return whether room was made, because the image was faster
   */
  public synchronized boolean located(Entry entry, long journalOffset) {
    entry.journalOffset = journalOffset;
    return removeGone();
  }

  /** The entry's intent could not be appended; it is forgotten. */
  public synchronized void drop(Entry entry) {
    entry.dropped = true;
    removeGone();
  }

  /**
   * The image shows every intent below {@code journalOffset}.
   *
   * @return whether room was made
   */
  public synchronized boolean visible(long journalOffset) {
    visibleOffset = Math.max(visibleOffset, journalOffset);
    return removeGone();
  }

  /** What is shown in a range now. */
  public synchronized View view(long offset, long length) {
    long end = offset + length;
    List<View.Piece> pieces = new ArrayList<>();
    Map.Entry<Long, Segment> before = shown.lowerEntry(offset);
    if (before != null && before.getValue().end > offset) {
      pieces.add(piece(before.getValue(), offset, end));
    }
    for (Segment segment : shown.subMap(offset, end).values()) {
      pieces.add(piece(segment, offset, end));
    }
    return new View(offset, length, pieces);
  }

  public synchronized long usedBytes() {
    return usedBytes;
  }

  public synchronized int entryCount() {
    return entries.size();
  }

  private static long cost(ByteBuffer data) {
    return ENTRY_OVERHEAD_BYTES + (data == null ? 0 : data.remaining());
  }

  private static View.Piece piece(Segment segment, long from, long to) {
    long start = Math.max(segment.start, from);
    long end = Math.min(segment.end, to);
    ByteBuffer data = segment.entry.data;
    ByteBuffer part =
        data == null
            ? null
            : data.slice(
                data.position() + (int) (start - segment.entry.start), (int) (end - start));
    return new View.Piece(start, end, part);
  }

  /** Oldest first, and stops at the first that must stay: see the class comment for why. */
  private boolean removeGone() {
    boolean any = false;
    while (!entries.isEmpty()) {
      Entry oldest = entries.peek();
      boolean applied =
          oldest.isShown
              && oldest.journalOffset != Entry.UNKNOWN
              && oldest.journalOffset < visibleOffset;
      if (!applied && !oldest.dropped) {
        break;
      }
      for (Segment segment : oldest.segments) {
        if (!segment.covered) {
          shown.remove(segment.start);
        }
      }
      entries.remove();
      usedBytes -= oldest.costBytes();
      any = true;
    }
    return any;
  }

  /** Puts an entry into the index: over what is older, beneath what is newer. */
  private void insert(Entry entry) {
    splitAt(entry.start);
    splitAt(entry.end);
    List<Segment> gaps = new ArrayList<>(1);
    long from = entry.start;
    var inside = shown.subMap(entry.start, entry.end).values().iterator();
    while (inside.hasNext()) {
      Segment segment = inside.next();
      if (segment.entry.number > entry.number) {
        if (from < segment.start) {
          gaps.add(new Segment(from, segment.start, entry));
        }
        from = segment.end;
      } else {
        segment.covered = true;
        inside.remove();
      }
    }
    if (from < entry.end) {
      gaps.add(new Segment(from, entry.end, entry));
    }
    for (Segment gap : gaps) {
      shown.put(gap.start, gap);
      entry.segments.add(gap);
    }
  }

  /** Makes {@code offset} a boundary between segments, if it lies within one. */
  private void splitAt(long offset) {
    Map.Entry<Long, Segment> before = shown.lowerEntry(offset);
    if (before == null || before.getValue().end <= offset) {
      return;
    }
    Segment left = before.getValue();
    Segment right = new Segment(offset, left.end, left.entry);
    left.end = offset;
    shown.put(offset, right);
    left.entry.segments.add(right);
  }
}
