package dev.drover.system.acklog;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What each sector of a volume may hold, after the lines of a log so far.
 *
 * <p>A sector may hold a write that was acknowledged, or that was in flight when a connection was
 * lost, unless another write of the sector that was acknowledged began after the first had ended.
 * So of writes in flight together either may have come last; a write that was in flight at a kill
 * may have landed or not, until a read shows which, and it cannot land later, because the next
 * gateway's epoch has shut the door.
 */
final class SectorHistory {
  private static final class Write {
    private final long number;
    private final boolean zero;
    private final long firstSector;
    private final int sectors;
    private final long began;
    private long ended = Long.MAX_VALUE;

    private Write(Line.Sent sent, long began) {
      this.number = sent.write();
      this.zero = sent.zero();
      this.firstSector = sent.firstSector();
      this.sectors = sent.sectors();
      this.began = began;
    }

    private long content() {
      return zero ? Stamp.ZEROES : number;
    }
  }

  private final List<List<Write>> possible;
  private final Map<Long, Write> inFlight = new HashMap<>();
  private long time;

  /** A volume of zeroes. */
  SectorHistory(int sectors) {
    Write nothing = new Write(new Line.Sent(Stamp.ZEROES, true, 0, sectors), 0);
    nothing.ended = 0;
    possible = new ArrayList<>(sectors);
    for (int i = 0; i < sectors; i++) {
      possible.add(new ArrayList<>(List.of(nothing)));
    }
  }

  /** Takes a line in; a complaint if it is a read of what cannot be there. */
  Optional<String> add(Line line) {
    time++;
    switch (line) {
      case Line.Sent sent -> {
        Write write = new Write(sent, time);
        inFlight.put(sent.write(), write);
        for (int i = 0; i < write.sectors; i++) {
          at(write.firstSector + i).add(write);
        }
      }
      case Line.Acknowledged acknowledged -> {
        Write write = inFlight.remove(acknowledged.write());
        write.ended = time;
        for (int i = 0; i < write.sectors; i++) {
          at(write.firstSector + i).removeIf(other -> other.ended < write.began);
        }
      }
      case Line.Disconnected _ -> {
        inFlight.values().forEach(write -> write.ended = time);
        inFlight.clear();
      }
      case Line.Read read -> {
        return settle(read);
      }
    }
    return Optional.empty();
  }

  /** A complaint if a sector cannot hold this; see {@link Stamp#read}. */
  Optional<String> complaint(long sector, long found) {
    List<Write> writes = at(sector);
    if (writes.stream().anyMatch(write -> write.content() == found)) {
      return Optional.empty();
    }
    String what = found == Stamp.TORN ? "bytes of no write" : "write " + found;
    List<String> allowed =
        writes.stream().map(w -> (w.zero ? "zeroes of " : "write ") + w.number).toList();
    return Optional.of("sector " + sector + " holds " + what + ", possible are " + allowed);
  }

  /** Sectors of which the log leaves open what they hold. */
  long undecided() {
    return possible.stream()
        .filter(writes -> writes.stream().mapToLong(Write::content).distinct().count() > 1)
        .count();
  }

  int sectors() {
    return possible.size();
  }

  /** Nothing was in flight on the sectors: what was found is what they hold from here on. */
  private Optional<String> settle(Line.Read read) {
    for (int i = 0; i < read.writes().length; i++) {
      long found = read.writes()[i];
      Optional<String> complaint = complaint(read.firstSector() + i, found);
      if (complaint.isPresent()) {
        return complaint;
      }
      at(read.firstSector() + i).removeIf(write -> write.content() != found);
    }
    return Optional.empty();
  }

  private List<Write> at(long sector) {
    return possible.get((int) sector);
  }
}
