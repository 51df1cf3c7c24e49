package dev.drover.qcow2.sim;

import java.util.Arrays;

/**
 * Walks through all choices that a run can be given, depth first: run, then {@link #next}, until
 * that says no. The run must depend on nothing but its choices.
 *
 * <p>Their number grows exponentially, but what is wrong between two threads mostly shows when one
 * interrupts the other at one bad moment. So the number of interruptions can be bounded: where none
 * is left, a thread runs until it waits or ends.
 */
public final class EveryChoice implements Interleaving.Choice {

  private final int mostInterruptions;
  private int interruptions;
  private int[] picks = new int[16];
  private int[] of = new int[16];
  private int length;
  private int at;

  /** All choices with at most so many interruptions. */
  public EveryChoice(int mostInterruptions) {
    this.mostInterruptions = mostInterruptions;
  }

  @Override
  public int pick(int alternatives, boolean running) {
    if (running && interruptions == mostInterruptions) {
      return 0;
    }
    if (at == length) {
      if (length == picks.length) {
        picks = Arrays.copyOf(picks, 2 * length);
        of = Arrays.copyOf(of, 2 * length);
      }
      picks[length] = 0;
      of[length] = alternatives;
      length++;
    } else if (of[at] != alternatives) {
      throw new IllegalStateException("the run depends on more than its choices");
    }
    int picked = picks[at++];
    interruptions += running && picked > 0 ? 1 : 0;
    return picked;
  }

  /** Goes over to the next run; false when there is none. */
  public boolean next() {
    at = 0;
    interruptions = 0;
    while (length > 0 && picks[length - 1] == of[length - 1] - 1) {
      length--;
    }
    if (length == 0) {
      return false;
    }
    picks[length - 1]++;
    return true;
  }

  /** The same choices once more, as far as a run that is disturbed has the same to choose from. */
  public Interleaving.Choice again() {
    int[] same = Arrays.copyOf(picks, length);
    int[] used = new int[2];
    return (alternatives, running) -> {
      if (running && used[1] == mostInterruptions || used[0] == same.length) {
        return 0;
      }
      int picked = Math.min(same[used[0]++], alternatives - 1);
      used[1] += running && picked > 0 ? 1 : 0;
      return picked;
    };
  }

  @Override
  public String toString() {
    return "choices " + Arrays.toString(Arrays.copyOf(picks, length));
  }
}
