package dev.drover.qcow2.file;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.util.HashMap;
import java.util.Map;

/** Shared locks on single bytes of a file, as other processes see them. */
interface ByteLocks {

  /** False if another process has the byte exclusively. */
  boolean lock(long at) throws IOException;

  void unlock(long at) throws IOException;

  /** Whether another process has any lock on the byte. */
  boolean isLockedByOthers(long at) throws IOException;

  /** Of an open file description: closing other descriptors of the file does not drop them. */
  record OfOpenFile(NativeFile file) implements ByteLocks {

    @Override
    public boolean lock(long at) throws IOException {
      return file.lockShared(at);
    }

    @Override
    public void unlock(long at) throws IOException {
      file.unlock(at);
    }

    @Override
    public boolean isLockedByOthers(long at) throws IOException {
      return file.isLockedByOthers(at);
    }
  }

  /**
   * Of the process, by the JDK alone: gone as soon as the process closes <em>any</em> descriptor of
   * the file, which is why {@link OpenFile} closes all of them last. The JDK can't ask who holds a
   * lock, only try to take it exclusively, for which the channel has to be writable: a reader on a
   * read-only file does not notice a writer.
   */
  final class OfProcess implements ByteLocks {

    private final AsynchronousFileChannel channel;
    private final boolean writable;
    private final Map<Long, FileLock> held = new HashMap<>();

    OfProcess(AsynchronousFileChannel channel, boolean writable) {
      this.channel = channel;
      this.writable = writable;
    }

    @Override
    public boolean lock(long at) throws IOException {
      FileLock lock = channel.tryLock(at, 1, true);
      if (lock != null) {
        held.put(at, lock);
      }
      return lock != null;
    }

    @Override
    public void unlock(long at) throws IOException {
      FileLock lock = held.remove(at);
      if (lock != null) {
        lock.release();
      }
    }

    @Override
    public boolean isLockedByOthers(long at) throws IOException {
      if (!writable) {
        return false;
      }
      boolean own = held.containsKey(at);
      unlock(at);
      FileLock probe = channel.tryLock(at, 1, false);
      if (probe != null) {
        probe.release();
      }
      return (own && !lock(at)) || probe == null;
    }
  }
}
