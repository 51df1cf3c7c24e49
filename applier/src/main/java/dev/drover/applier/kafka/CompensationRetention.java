package dev.drover.applier.kafka;

import dev.drover.applier.Compensation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.UUID;

/**
 * Which compensations a topic need not keep. They are for people, who look at the last weeks; the
 * image is cleaned by what it holds itself, so that removing one changes nothing, whoever does it
 * and however often.
 *
 * <pre>
 *   DONE, of any replica                     30 days after it was published
 *   DONE, of this replica                    also once there are 100 newer ones
 *   OPEN, of this replica's earlier images   30 days after: nobody is left who could mark it DONE
 * </pre>
 *
 * So a topic holds at most 100 records of each replica that has lived in the last 30 days, and what
 * is OPEN. For one thread.
 */
final class CompensationRetention {
  static final Duration AGE = Duration.ofDays(30);
  static final int OWN_MAX = 100;

  /** What is known of one that may be removed one day. */
  private record Kept(Instant time, boolean counts) {}

  private final String replica;
  private final UUID incarnation;
  private final SequencedMap<String, Kept> kept = new LinkedHashMap<>();

  /**
   * @param replica whose log it is
   * @param incarnation of the image that it is now
   */
  CompensationRetention(String replica, UUID incarnation) {
    this.replica = replica;
    this.incarnation = incarnation;
  }

  /**
   * What is on the topic now, oldest first; returns the ids of those that are not kept for ever.
   */
  List<String> found(List<Compensation> all) {
    kept.clear();
    for (Compensation each : all) {
      boolean own = each.replica().equals(replica);
      boolean done = each.state() == Compensation.State.DONE;
      if (done || own && !each.incarnation().equals(incarnation)) {
        kept.put(each.id(), new Kept(each.time(), own && done));
      }
    }
    return List.copyOf(kept.keySet());
  }

  /** One of this replica's has been marked DONE. */
  void done(Compensation compensation) {
    kept.putLast(compensation.id(), new Kept(compensation.time(), true));
  }

  /** Ids of those whose time is over, until they are {@link #removed}. */
  List<String> expired(Instant now) {
    long surplus = kept.values().stream().filter(Kept::counts).count() - OWN_MAX;
    List<String> over = new ArrayList<>();
    for (Map.Entry<String, Kept> each : kept.entrySet()) {
      boolean old = each.getValue().time().plus(AGE).isBefore(now);
      boolean tooMany = each.getValue().counts() && surplus > 0;
      if (old || tooMany) {
        over.add(each.getKey());
        surplus -= each.getValue().counts() ? 1 : 0;
      }
    }
    return over;
  }

  /** They are gone from the topic. */
  void removed(Collection<String> ids) {
    kept.keySet().removeAll(ids);
  }
}
