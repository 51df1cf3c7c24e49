package dev.drover.qcow2.file;

import dev.drover.qcow2.io.DiskFullException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** A descriptor of a file, for what the JDK's channels can't do. */
final class NativeFile implements Closeable {

  private final Libc libc;
  private final int fd;
  private final String name;
  private volatile boolean canPunch = true;
  private volatile boolean canZero = true;

  private NativeFile(Libc libc, int fd, String name) {
    this.libc = libc;
    this.fd = fd;
    this.name = name;
  }

  /** Empty where there is no such thing as a native file here. */
  static Optional<NativeFile> open(Path path, boolean writable) throws IOException {
    if (Libc.INSTANCE.isEmpty()) {
      return Optional.empty();
    }
    Libc libc = Libc.INSTANCE.get();
    int flags = (writable ? Libc.O_RDWR : Libc.O_RDONLY) | Libc.O_CLOEXEC;
    int fd = libc.open(path.toString(), flags);
    if (fd < 0) {
      throw notOpened(path.toString(), -fd);
    }
    return Optional.of(new NativeFile(libc, fd, path.toString()));
  }

  private static IOException notOpened(String path, int errno) {
    return switch (errno) {
      case Libc.ENOENT -> new NoSuchFileException(path);
      case Libc.EACCES -> new AccessDeniedException(path);
      case Libc.EROFS -> new FileSystemException(path, null, "Read-only file system");
      default -> new FileSystemException(path, null, "open: errno " + errno);
    };
  }

  /** A path that leads to this very file, whatever has its name by now; empty without /proc. */
  Optional<Path> asPath() {
    return Optional.of(Path.of("/proc/self/fd/" + fd)).filter(Files::exists);
  }

  void setLength(long bytes) throws IOException {
    check("ftruncate", libc.ftruncate(fd, bytes));
  }

  /** Makes a hole, which reads as zeroes; false, and nothing done, on a filesystem that can't. */
  boolean punch(long offset, long length) throws IOException {
    int mode = Libc.FALLOC_FL_KEEP_SIZE | Libc.FALLOC_FL_PUNCH_HOLE;
    canPunch = canPunch && fallocate(mode, offset, length);
    return canPunch;
  }

  /** Zeroes a range that keeps its space; false, and nothing done, on a filesystem that can't. */
  boolean zeroRange(long offset, long length) throws IOException {
    canZero = canZero && fallocate(Libc.FALLOC_FL_ZERO_RANGE, offset, length);
    return canZero;
  }

  /** False where the filesystem has no such thing. */
  private boolean fallocate(int mode, long offset, long length) throws IOException {
    if (length <= 0) {
      return true;
    }
    int result = libc.fallocate(fd, mode, offset, length);
    while (result == -Libc.EINTR) {
      result = libc.fallocate(fd, mode, offset, length);
    }
    if (result == -Libc.EOPNOTSUPP) {
      return false;
    }
    check("fallocate", result);
    return true;
  }

  /** Bytes of the disk that the file occupies, negative if nobody knows. */
  long allocatedBytes() {
    return 512 * libc.blocks(fd);
  }

  /**
   * As {@link dev.drover.qcow2.io.BlockFile#nextData}; empty where the filesystem does not tell.
   */
  OptionalLong nextData(long from) {
    return seek(from, Libc.SEEK_DATA);
  }

  /** The same of the next hole; behind the file's end there is none. */
  OptionalLong nextHole(long from) {
    return seek(from, Libc.SEEK_HOLE);
  }

  private OptionalLong seek(long from, int whence) {
    long found = libc.seek(fd, from, whence);
    if (found == -Libc.ENXIO) {
      return OptionalLong.of(Long.MAX_VALUE);
    }
    return found < 0 ? OptionalLong.empty() : OptionalLong.of(found);
  }

  /** Takes a shared lock on one byte; false if somebody else has it exclusively. */
  boolean lockShared(long at) throws IOException {
    int result = libc.setLock(fd, Libc.F_RDLCK, at);
    if (result == -Libc.EAGAIN || result == -Libc.EACCES) {
      return false;
    }
    check("fcntl", result);
    return true;
  }

  void unlock(long at) throws IOException {
    check("fcntl", libc.setLock(fd, Libc.F_UNLCK, at));
  }

  /** Whether another open file, of this process too, has any lock on the byte. */
  boolean isLockedByOthers(long at) throws IOException {
    return check("fcntl", libc.getLock(fd, Libc.F_WRLCK, at)) != Libc.F_UNLCK;
  }

  private int check(String call, int result) throws IOException {
    if (result == -Libc.ENOSPC || result == -Libc.EDQUOT) {
      throw new DiskFullException(name, new IOException(call + ": errno " + -result));
    }
    if (result < 0) {
      throw new IOException(name + ": " + call + ": errno " + -result);
    }
    return result;
  }

  @Override
  public void close() {
    libc.close(fd); // nothing was written through this descriptor
  }
}
