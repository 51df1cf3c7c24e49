package dev.drover.qcow2.core;

import dev.drover.qcow2.core.Allocation.State;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Every cluster that this process took and no pointer was submitted to: the one thing that
 * unwinding reads (I-04). An entry exists before the first I/O that could fail after its refcount
 * rises, and ends in exactly one of LINKED, GIVEN_BACK and QUARANTINED.
 *
 * <p>The window is the part of it that nobody has asked for yet.
 */
final class AllocationList {

  private final TreeMap<Long, Allocation> open = new TreeMap<>();
  private final Set<Allocation> packed = new LinkedHashSet<>();
  private final Deque<Allocation> window = new ArrayDeque<>();
  private final List<Allocation> submitted = new ArrayList<>();
  private long quarantined;

  /** Entered and not ended: each must be in one of the collections above. */
  private long unended;

  /** Enters a cluster that is about to be set aside, for a purpose that is known. */
  Allocation add(long cluster, boolean knownZero) {
    Allocation allocation = new Allocation(cluster, knownZero);
    if (open.putIfAbsent(cluster, allocation) != null) {
      throw new IllegalStateException("cluster " + cluster + " is set aside twice");
    }
    unended++;
    return allocation;
  }

  /** Makes a cluster of the list available to {@link #take}: its refcount is durable. */
  void offer(Allocation allocation) {
    window.add(allocation);
  }

  /** How many clusters {@link #take} can give. */
  int available() {
    return window.size();
  }

  /** The next cluster of the window. It stays on the list. */
  Allocation take() {
    return window.remove();
  }

  /** The next cluster of the window, for compressed pieces: its refcount is their references. */
  Allocation takePacked() {
    Allocation allocation = window.remove();
    open.remove(allocation.cluster());
    packed.add(allocation);
    return allocation;
  }

  /** Enters a further reference, just raised, to a cluster that holds compressed pieces. */
  Allocation addPacked(long cluster) {
    Allocation reference = new Allocation(cluster, false);
    packed.add(reference);
    unended++;
    return reference;
  }

  /** Its content is in the file. */
  void dataWritten(Allocation allocation) {
    allocation.become(State.DATA_WRITTEN);
  }

  /**
   * Takes an allocation off the list because its link is being submitted now.
   *
   * <p><b>Nothing that can fail may come between this call and the write of the link</b>: not an
   * I/O, not a check, not an allocation. Before the call an error must free the cluster, or it
   * leaks. After the write was handed over an error must not free it: whatever the error says, the
   * pointer may be on the disk, and a freed cluster that a table points at is corruption. The
   * caller's tables in memory hold the link from here on, and the disk is made to agree with them.
   */
  void linkSubmitted(Allocation allocation) {
    leave(allocation);
    allocation.become(State.LINK_SUBMITTED);
    submitted.add(allocation);
  }

  /** An fdatasync succeeded: links submitted before it are certain. */
  void synced() {
    submitted.forEach(allocation -> end(allocation, State.LINKED));
    submitted.clear();
    requireNoneDropped();
  }

  private void leave(Allocation allocation) {
    if (!packed.remove(allocation) && !open.remove(allocation.cluster(), allocation)) {
      throw new IllegalStateException(allocation + " is not on the list");
    }
  }

  /** References of compressed pieces: a give-back takes each away once. */
  Collection<Allocation> packed() {
    return packed;
  }

  /** What a give-back would free, ascending. */
  Collection<Allocation> open() {
    return open.values();
  }

  boolean contains(long cluster) {
    return open.containsKey(cluster);
  }

  boolean isEmpty() {
    return open.isEmpty() && packed.isEmpty();
  }

  /** Nobody may take from the window any more: its clusters are about to be given back. */
  void closeWindow() {
    window.clear();
  }

  /** Its refcount is lowered, or never rose. */
  void givenBack(Allocation allocation) {
    leave(allocation);
    end(allocation, State.GIVEN_BACK);
  }

  /** It must not be freed, and nothing can prove that it is linked. */
  void quarantine(Allocation allocation) {
    leave(allocation);
    end(allocation, State.QUARANTINED);
    quarantined++;
  }

  /** Whether something leaks that only a recount can find. */
  boolean hasQuarantined() {
    return quarantined > 0;
  }

  /** A recount has found whatever was quarantined, and closes what is still open. */
  void recounted() {
    List.copyOf(open.values()).forEach(this::givenBack);
    List.copyOf(packed).forEach(this::givenBack);
    quarantined = 0;
  }

  /** Ends what is still open without touching the image: the next open recounts. */
  void abandon() {
    closeWindow();
    List.copyOf(open.values()).forEach(this::quarantine);
    List.copyOf(packed).forEach(this::quarantine);
    submitted.forEach(allocation -> end(allocation, State.QUARANTINED));
    submitted.clear();
    requireNoneDropped();
  }

  private void end(Allocation allocation, State state) {
    allocation.become(state);
    unended--;
  }

  /** At every sync and at the end: nothing left the list but by one of its ways out (I-05). */
  private void requireNoneDropped() {
    if (unended != open.size() + packed.size() + submitted.size()) {
      throw new IllegalStateException(
          "%d allocations are neither linked, given back nor quarantined, the list has %d"
              .formatted(unended, open.size() + packed.size() + submitted.size()));
    }
  }
}
