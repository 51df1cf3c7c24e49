package dev.drover.qcow2.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A file that this process has open, however often: one per device and inode. Everything that was
 * ever opened for it is closed with its last user and not before, because a process that closes any
 * descriptor of a file loses its POSIX locks on it.
 *
 * <p>Users in this process exclude each other by {@link Sharing}, too: the kernel would not notice.
 */
final class OpenFile {

  /** Every open file of this process. Guarded by itself, as is the state of each file in it. */
  private static final Map<FileIdentity, OpenFile> REGISTRY = new HashMap<>();

  // Of a file's mode, as stat(2) has it.
  private static final int TYPE_MASK = 0170000;
  private static final int PIPE = 0010000;

  /** What a user works with. */
  record Descriptors(AsynchronousFileChannel channel, Optional<NativeFile> nativeFile) {}

  private final FileIdentity identity;
  private final Deque<Closeable> opened = new ArrayDeque<>();
  private Descriptors readOnly;
  private Descriptors readWrite;
  private int users;
  private int lockers;
  private Sharing sharing = Sharing.FORCED;
  private ImageLock lock;

  private OpenFile(FileIdentity identity) {
    this.identity = identity;
  }

  /** One user's hold on an open file. */
  static final class Use implements Closeable {
    private final OpenFile file;
    private final Sharing sharing;
    private final Descriptors descriptors;
    private boolean closed;

    private Use(OpenFile file, Sharing sharing, Descriptors descriptors) {
      this.file = file;
      this.sharing = sharing;
      this.descriptors = descriptors;
    }

    Descriptors descriptors() {
      return descriptors;
    }

    FileIdentity identity() {
      return file.identity;
    }

    @Override
    public void close() throws IOException {
      synchronized (REGISTRY) {
        if (!closed) {
          closed = true;
          file.leave(sharing);
        }
      }
    }
  }

  /**
   * Opens a file, or joins those who have it open.
   *
   * @param nativeCalls false: as on a system where there are none
   */
  static Use open(Path path, Sharing sharing, boolean createNew, boolean nativeCalls)
      throws IOException {
    synchronized (REGISTRY) {
      if (createNew) {
        create(path);
      }
      refuseWhatIsNoFile(path);
      FileIdentity identity = FileIdentity.of(path);
      OpenFile file = REGISTRY.computeIfAbsent(identity, OpenFile::new);
      file.users++;
      boolean done = false;
      try {
        file.checkConflict(path, sharing);
        Descriptors descriptors = file.descriptors(path, sharing.isWriting(), nativeCalls);
        file.lock(path, sharing, descriptors);
        done = true;
        return new Use(file, sharing, descriptors);
      } finally {
        if (!done) {
          file.leave(Sharing.FORCED);
        }
      }
    }
  }

  private static void create(Path path) throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder != null && !Files.exists(folder)) {
      throw new NoSuchFileException(folder.toString());
    }
    // Closing a descriptor of a file that did not exist costs nobody a lock.
    channel(path, EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)).close();
  }

  /** Whoever opens a pipe waits until somebody writes into it. */
  private static void refuseWhatIsNoFile(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new FileSystemException(path.toString(), null, "Is a directory");
    }
    if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")
        || !Files.exists(path)) {
      return;
    }
    if (((int) Files.getAttribute(path, "unix:mode") & TYPE_MASK) == PIPE) {
      throw new FileSystemException(path.toString(), null, "Is a pipe");
    }
  }

  private void checkConflict(Path path, Sharing wanted) throws IOException {
    boolean conflict =
        lockers > 0 && wanted != Sharing.FORCED && (wanted.isWriting() || sharing.isWriting());
    if (conflict) {
      throw ImageLock.inUse(path.toString());
    }
  }

  private Descriptors descriptors(Path path, boolean writable, boolean nativeCalls)
      throws IOException {
    Descriptors present = writable ? readWrite : readOnly;
    if (present != null) {
      return present;
    }
    Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.READ);
    if (writable) {
      options.add(StandardOpenOption.WRITE);
    }
    Optional<NativeFile> nativeFile =
        nativeCalls ? NativeFile.open(path, writable) : Optional.empty();
    nativeFile.ifPresent(opened::push);
    // Opened again by its name, it could be another file by now.
    Path same = nativeFile.flatMap(NativeFile::asPath).orElse(path);
    AsynchronousFileChannel channel = channel(same, options);
    opened.push(channel);
    if (!FileIdentity.of(same).equals(identity)) {
      throw new IOException(path + ": replaced by another file while it was being opened");
    }
    Descriptors descriptors = new Descriptors(channel, nativeFile);
    if (writable) {
      readWrite = descriptors;
    } else {
      readOnly = descriptors;
    }
    return descriptors;
  }

  private static AsynchronousFileChannel channel(Path path, Set<? extends OpenOption> options)
      throws IOException {
    return AsynchronousFileChannel.open(path, options, new CallingThread());
  }

  private void lock(Path path, Sharing wanted, Descriptors descriptors) throws IOException {
    if (wanted == Sharing.FORCED) {
      return;
    }
    if (lockers == 0) {
      boolean writable = wanted.isWriting();
      ByteLocks locks =
          descriptors.nativeFile.isPresent()
              ? new ByteLocks.OfOpenFile(descriptors.nativeFile.get())
              : new ByteLocks.OfProcess(descriptors.channel, writable);
      lock = ImageLock.acquire(locks, wanted, path.toString());
      sharing = wanted;
    }
    lockers++;
  }

  private void leave(Sharing left) throws IOException {
    if (left != Sharing.FORCED && --lockers == 0) {
      lock.release();
      sharing = Sharing.FORCED;
    }
    if (--users == 0) {
      REGISTRY.remove(identity);
      IOException first = null;
      while (!opened.isEmpty()) {
        try {
          opened.pop().close();
        } catch (IOException e) {
          first = first == null ? e : first;
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }

  /**
   * Runs I/O in the thread that asked for it. So the channel behaves like a FileChannel, except
   * that interrupting a thread in the middle of an I/O does not close the file under everybody
   * else.
   */
  private static final class CallingThread extends AbstractExecutorService {

    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }
}
