package dev.drover.applier.kafka;

import dev.drover.applier.Compensation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What a compensations topic says, record by record: the parts of one compensation put together,
 * overwritten and removed ones forgotten. Knows no Kafka, so that it is tested without.
 */
final class CompensationTopic {

  private final SequencedMap<String, CompensationJson.Part> parts = new LinkedHashMap<>();
  private long unreadable;

  /**
   * Takes the next record.
   *
   * @param value null: removed
   */
  void take(byte[] key, byte[] value) {
    if (key == null) {
      unreadable++;
      return;
    }
    String name = new String(key, StandardCharsets.UTF_8);
    if (value == null) {
      parts.remove(name);
      return;
    }
    try {
      CompensationJson.Part part = CompensationJson.read(value);
      if (part.key().equals(name)) {
        parts.put(name, part);
      } else {
        unreadable++;
      }
    } catch (IOException e) {
      // Output only: a record that nobody can read harms nothing, and must stop nothing.
      unreadable++;
    }
  }

  /** Records that are no compensations. */
  long unreadable() {
    return unreadable;
  }

  /** How many records a compensation has on the topic now. */
  int partsOf(String id) {
    int count = 0;
    while (parts.containsKey(CompensationJson.Part.key(id, count))) {
      count++;
    }
    return count;
  }

  /** Keys of the records of a replica's compensations. */
  List<byte[]> keysOf(String replica) {
    return parts.values().stream()
        .filter(part -> part.compensation().replica().equals(replica))
        .map(part -> part.key().getBytes(StandardCharsets.UTF_8))
        .toList();
  }

  /** All of them, oldest first. */
  List<Compensation> all() {
    Map<String, Compensation> whole = new LinkedHashMap<>();
    for (CompensationJson.Part part : parts.values()) {
      Compensation piece = part.compensation();
      whole.merge(piece.id(), piece, CompensationTopic::together);
    }
    List<Compensation> sorted = new ArrayList<>(whole.values());
    sorted.sort(Comparator.comparing(Compensation::time));
    return sorted;
  }

  private static Compensation together(Compensation a, Compensation b) {
    // Parts are written in one transaction; should they ever differ, OPEN is the careful reading.
    return a.state() == Compensation.State.OPEN ? a.union(b) : b.union(a);
  }
}
