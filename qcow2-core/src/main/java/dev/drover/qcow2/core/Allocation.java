package dev.drover.qcow2.core;

/**
 * One cluster that this process has taken, on its way into the image; of compressed clusters, which
 * share theirs, one reference to it.
 *
 * <pre>
 *   SET_ASIDE ──► DATA_WRITTEN ──► LINK_SUBMITTED ──► LINKED
 *       │               │                 └─────────► QUARANTINED   (closed before it was certain)
 *       └───────┬───────┘
 *               ├──► GIVEN_BACK
 *               └──► QUARANTINED                       (a guard said no: left to the next recount)
 * </pre>
 *
 * <p>Only {@link AllocationList} moves it, and only along these lines (I-05).
 */
final class Allocation {

  /** Where the cluster stands. */
  enum State {
    /** Its refcount is, or is about to be, one; nothing points at it. */
    SET_ASIDE,
    /** Its content is written; still nothing points at it. */
    DATA_WRITTEN,
    /** A pointer to it was handed to the disk: from here on nobody frees it, whatever happens. */
    LINK_SUBMITTED,
    /** The pointer is durable. */
    LINKED,
    /** Freed again; it was never reachable. */
    GIVEN_BACK,
    /** Neither linked for certain nor safe to free: a leak until the next recount. */
    QUARANTINED;

    boolean mayBecome(State next) {
      return switch (this) {
        case SET_ASIDE ->
            next == DATA_WRITTEN
                || next == LINK_SUBMITTED
                || next == GIVEN_BACK
                || next == QUARANTINED;
        case DATA_WRITTEN -> next == LINK_SUBMITTED || next == GIVEN_BACK || next == QUARANTINED;
        case LINK_SUBMITTED -> next == LINKED || next == QUARANTINED;
        case LINKED, GIVEN_BACK, QUARANTINED -> false;
      };
    }
  }

  private final long cluster;
  private State state = State.SET_ASIDE;
  private boolean knownZero;
  private long guestCluster = -1;
  private int l1Index = -1;
  private long pieceStart = -1;

  Allocation(long cluster, boolean knownZero) {
    this.cluster = cluster;
    this.knownZero = knownZero;
  }

  long cluster() {
    return cluster;
  }

  long offset(int clusterBits) {
    return cluster << clusterBits;
  }

  /** It will hold this guest cluster. */
  void intendForData(long cluster) {
    guestCluster = cluster;
  }

  /** It is one reference of the compressed piece of this guest cluster. */
  void intendForPiece(long cluster, long start) {
    guestCluster = cluster;
    pieceStart = start;
  }

  /** The first byte of the compressed piece that it was meant for, −1 for none. */
  long pieceStart() {
    return pieceStart;
  }

  /** It will hold the L2 table of this L1 entry. */
  void intendForTable(int index) {
    l1Index = index;
  }

  /** The guest cluster it was meant for, −1 for none. */
  long guestCluster() {
    return guestCluster;
  }

  /** The L1 entry it was meant for, −1 for none. */
  int l1Index() {
    return l1Index;
  }

  State state() {
    return state;
  }

  /**
   * Whether it lies in file space that this process added and nobody wrote to since: only then a
   * byte that is not written reads as zero for certain (I-08).
   */
  boolean knownZero() {
    return knownZero;
  }

  /** To be called before the first write into it is submitted. */
  void aboutToBeWritten() {
    knownZero = false;
  }

  void become(State next) {
    if (!state.mayBecome(next)) {
      throw new IllegalStateException(this + " cannot become " + next);
    }
    state = next;
  }

  @Override
  public String toString() {
    return "cluster " + cluster + " " + state;
  }
}
