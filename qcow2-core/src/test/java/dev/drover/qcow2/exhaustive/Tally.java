package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.sim.MemoryBlockFile;
import java.io.IOException;

/** What was visited. One thread; {@link #add} joins several. */
final class Tally {

  /** Told of some recovered images, to show them to another judge. */
  @FunctionalInterface
  interface Sampler {
    void sample(MemoryBlockFile recovered) throws IOException;

    Sampler NONE = _ -> {};
  }

  private final Sampler sampler;
  private long sequences;
  private long faults;
  private long states;
  private long recoveryStates;

  Tally(Sampler sampler) {
    this.sampler = sampler;
  }

  Tally() {
    this(Sampler.NONE);
  }

  void sequence() {
    sequences++;
  }

  /** So many I/Os have failed, and everything held. */
  void faults(long more) {
    faults += more;
  }

  /** One I/O failed in one way, and everything held. */
  void fault() {
    faults++;
  }

  /** One content that a cut leaves, recovered and compared. */
  void state() {
    states++;
  }

  /** One content that a cut during a recovery leaves. */
  void recoveryState() {
    recoveryStates++;
  }

  void sample(Scene scene, MemoryBlockFile recovered) throws IOException {
    if (!scene.hasBacking()) {
      sampler.sample(recovered);
    }
  }

  void add(long moreSequences, long moreFaults, long moreStates, long moreRecoveryStates) {
    sequences += moreSequences;
    faults += moreFaults;
    states += moreStates;
    recoveryStates += moreRecoveryStates;
  }

  void add(Tally other) {
    add(other.sequences, other.faults, other.states, other.recoveryStates);
  }

  long sequences() {
    return sequences;
  }

  long faults() {
    return faults;
  }

  long states() {
    return states;
  }

  long recoveryStates() {
    return recoveryStates;
  }

  @Override
  public String toString() {
    return "%,d sequences, %,d fault points, %,d crash states, %,d crash states of recoveries"
        .formatted(sequences, faults, states, recoveryStates);
  }
}
