package dev.drover.qcow2.file;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's way of keeping programs off an image, which QEMU's own programs heed and we with them.
 *
 * <pre>
 *   byte 100 + i   shared lock: "I use permission i"           i = 0  consistent read
 *   byte 200 + i   shared lock: "others may not use i"             1  write
 *                                                                  2  write unchanged
 *   WRITER   uses 0 1 3   denies 1 3                               3  resize
 *   READER   uses 0       denies 1 3
 *   DATA_WRITER  0 1 3           3     of an image's external data file
 *   DATA_READER  0               3
 * </pre>
 *
 * <p>Locks are taken first and conflicts looked for then: of two that come at once, one or both are
 * refused, and never none. They vanish with the process that holds them, however it ends.
 */
final class ImageLock {

  private static final int USES = 100;
  private static final int DENIES = 200;
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int RESIZE = 3;

  private final ByteLocks locks;
  private final List<Long> held = new ArrayList<>();

  private ImageLock(ByteLocks locks) {
    this.locks = locks;
  }

  /**
   * Takes the lock at once or not at all.
   *
   * @throws Qcow2Exception IMAGE_IN_USE
   */
  static ImageLock acquire(ByteLocks locks, Sharing sharing, String name) throws IOException {
    ImageLock lock = new ImageLock(locks);
    int[] uses =
        switch (sharing) {
          case WRITER, DATA_WRITER -> new int[] {READ, WRITE, RESIZE};
          case READER, DATA_READER -> new int[] {READ};
          case FORCED -> new int[0];
        };
    int[] denies =
        switch (sharing) {
          case WRITER, READER -> new int[] {WRITE, RESIZE};
          case DATA_WRITER, DATA_READER -> new int[] {RESIZE};
          case FORCED -> new int[0];
        };
    boolean done = false;
    try {
      done = lock.take(USES, uses) && lock.take(DENIES, denies);
      done = done && lock.isFree(DENIES, uses) && lock.isFree(USES, denies);
    } finally {
      if (!done) {
        lock.release();
      }
    }
    if (!done) {
      throw inUse(name);
    }
    return lock;
  }

  static Qcow2Exception inUse(String name) {
    return new Qcow2Exception(
        Code.IMAGE_IN_USE,
        name,
        "in use: another program has the image open",
        "stop that program (fuser FILE names it), or look at the image with -U where a verb has"
            + " it");
  }

  private boolean take(int base, int[] permissions) throws IOException {
    for (int permission : permissions) {
      long at = base + permission;
      if (!locks.lock(at)) {
        return false;
      }
      held.add(at);
    }
    return true;
  }

  private boolean isFree(int base, int[] permissions) throws IOException {
    for (int permission : permissions) {
      if (locks.isLockedByOthers(base + permission)) {
        return false;
      }
    }
    return true;
  }

  void release() throws IOException {
    for (long at : held) {
      locks.unlock(at);
    }
    held.clear();
  }
}
