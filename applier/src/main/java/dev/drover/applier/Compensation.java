package dev.drover.applier;

import dev.drover.qcow2.ClusterExtent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * The record that a replica gives back clusters which an apply set aside or allocated and never
 * linked. It is output only: no cluster is ever freed because a record says so (I-30), so a
 * replayed, copied or foreign one can do nothing.
 *
 * @param incarnation the image that gives back
 * @param generation of the image's slot when the list was made; with the incarnation it is the id
 * @param replica the replica's name, for people
 * @param position the next offset to apply, durable in the image
 * @param clusterBytes the image's cluster size: what one cluster of an extent is
 * @param clusters what is given back, ascending, merged
 * @param cause why, one line
 * @param state OPEN before the clusters are freed, DONE with the group offset after it
 * @param time when it was published
 */
public record Compensation(
    UUID incarnation,
    long generation,
    String replica,
    long position,
    int clusterBytes,
    List<ClusterExtent> clusters,
    String cause,
    State state,
    Instant time) {

  /** Where a compensation stands. */
  public enum State {
    OPEN,
    DONE
  }

  public Compensation {
    Objects.requireNonNull(incarnation, "incarnation");
    Objects.requireNonNull(replica, "replica");
    Objects.requireNonNull(cause, "cause");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(time, "time");
    if (clusterBytes < 512 || Integer.bitCount(clusterBytes) != 1) {
      throw new IllegalArgumentException("cluster size " + clusterBytes);
    }
    clusters = merged(clusters, clusterBytes);
  }

  /** Who this compensation is: a repetition overwrites its own record. */
  public String id() {
    return incarnation + ":" + generation;
  }

  /** How many clusters are given back. */
  public long clusterCount() {
    return clusters.stream().mapToLong(ClusterExtent::clusters).sum();
  }

  public Compensation done() {
    return new Compensation(
        incarnation,
        generation,
        replica,
        position,
        clusterBytes,
        clusters,
        cause,
        State.DONE,
        time);
  }

  /** This record with the clusters of {@code earlier} too: what its repetition must say. */
  public Compensation union(Compensation earlier) {
    if (!id().equals(earlier.id())) {
      throw new IllegalArgumentException(id() + " is not a repetition of " + earlier.id());
    }
    List<ClusterExtent> both = new ArrayList<>(earlier.clusters);
    both.addAll(clusters);
    return new Compensation(
        incarnation, generation, replica, position, clusterBytes, both, cause, state, time);
  }

  private static List<ClusterExtent> merged(List<ClusterExtent> extents, int clusterBytes) {
    List<ClusterExtent> sorted = new ArrayList<>(extents);
    sorted.sort(Comparator.comparing(ClusterExtent::start));
    List<ClusterExtent> merged = new ArrayList<>();
    for (ClusterExtent next : sorted) {
      ClusterExtent last = merged.isEmpty() ? null : merged.getLast();
      if (last == null || next.start().compareTo(last.end(clusterBytes)) > 0) {
        merged.add(next);
        continue;
      }
      long end = Math.max(last.end(clusterBytes).bytes(), next.end(clusterBytes).bytes());
      long clusters = (end - last.start().bytes()) / clusterBytes;
      merged.set(merged.size() - 1, new ClusterExtent(last.start(), clusters));
    }
    return List.copyOf(merged);
  }
}
