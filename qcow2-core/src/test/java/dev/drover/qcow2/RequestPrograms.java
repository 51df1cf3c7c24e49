package dev.drover.qcow2;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random programs for requesters, which meet on few clusters. */
final class RequestPrograms {

  private final SplittableRandom random;

  /** Of the next write, so that each has bytes of its own; the images' have lower ones. */
  private int number = 16;

  RequestPrograms(SplittableRandom random) {
    this.random = random;
  }

  /**
   * What one requester does, one call after the other.
   *
   * @param structural whether it takes snapshots and changes the size too: one requester alone may,
   *     so that it knows what there is
   */
  List<Request> program(int length, boolean structural) {
    List<Request> program = new ArrayList<>();
    String snapshot = null;
    for (int i = 0; i < length; i++) {
      Request next = structural ? structural(snapshot) : content();
      if (next instanceof Request.Snapshot taken) {
        snapshot = taken.name();
      } else if (next instanceof Request.Delete) {
        snapshot = null;
      }
      program.add(next);
      if (next instanceof Request.Snapshot && random.nextBoolean()) {
        program.add(new Request.Look(snapshot));
      }
    }
    return program;
  }

  private Request content() {
    int at = place();
    int sectors = random.nextInt(4) == 0 ? 1 + random.nextInt(20) : 1 + random.nextInt(4);
    return switch (random.nextInt(16)) {
      case 0, 1, 2, 3, 4 -> new Request.Write(number++, at, sectors);
      case 5 -> new Request.Zero(at, sectors, true);
      case 6 -> new Request.Zero(at, sectors, false);
      case 7, 8 -> new Request.Discard(at & ~1, 2 + 2 * random.nextInt(3));
      case 9, 10 -> new Request.Read(at, sectors);
      case 11, 12, 13 -> new Request.Packed(number++, at & ~1, 2 + 2 * random.nextInt(3));
      case 14 -> new Request.Reserve(at & ~1, sectors);
      default -> new Request.Flush();
    };
  }

  private int place() {
    return switch (random.nextInt(8)) {
      case 0, 1, 2, 3 -> random.nextInt(12);
      case 4, 5 -> RequestRig.TABLE - 4 + random.nextInt(12);
      case 6 -> RequestRig.DISK - 5 + random.nextInt(5);
      default -> random.nextInt(RequestRig.DISK);
    };
  }

  private Request structural(String snapshot) {
    return switch (random.nextInt(10)) {
      case 0, 1 -> new Request.Snapshot(number++);
      case 2 -> snapshot == null ? new Request.Snapshot(number++) : new Request.Delete(snapshot);
      case 3 -> snapshot == null ? new Request.Flush() : new Request.Revert(snapshot);
      case 4 -> new Request.Resize(random.nextInt(RequestRig.MOST));
      case 5 -> new Request.Resize(random.nextInt(10));
      case 6 -> new Request.Resize(RequestRig.DISK);
      default -> content();
    };
  }
}
