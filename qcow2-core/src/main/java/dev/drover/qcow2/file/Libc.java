package dev.drover.qcow2.file;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * The seven calls of Linux' C library that the JDK has no door to. Numbers are those of x86-64 and
 * aarch64. Where they can't be had (another system, native access denied) {@link #INSTANCE} is
 * empty, and callers do without.
 *
 * <p>Every method returns what the call returned, or the negated errno.
 */
@SuppressWarnings("restricted")
final class Libc {

  static final Optional<Libc> INSTANCE = link();

  static final int O_RDONLY = 0;
  static final int O_RDWR = 2;
  static final int O_CLOEXEC = 0x80000;

  static final int FALLOC_FL_KEEP_SIZE = 1;
  static final int FALLOC_FL_PUNCH_HOLE = 2;
  static final int FALLOC_FL_ZERO_RANGE = 16;

  static final int F_OFD_GETLK = 36;
  static final int F_OFD_SETLK = 37;
  static final short F_RDLCK = 0;
  static final short F_WRLCK = 1;
  static final short F_UNLCK = 2;

  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;

  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int ENXIO = 6;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int ENOSPC = 28;
  static final int EROFS = 30;
  static final int EOPNOTSUPP = 95;
  static final int EDQUOT = 122;

  /** {@code struct flock}: type, whence, padding, start, length, pid, padding. */
  private static final int FLOCK_BYTES = 32;

  private static final int AT_START = 8;
  private static final int AT_LENGTH = 16;

  /** {@code struct stat}: large enough for any, and where the blocks are in both of ours. */
  private static final int STAT_BYTES = 256;

  private static final int AT_BLOCKS = 64;

  private static final MemoryLayout ERRNO = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private final MethodHandle open;
  private final MethodHandle close;
  private final MethodHandle ftruncate;
  private final MethodHandle fallocate;
  private final MethodHandle fcntl;
  private final MethodHandle fstat;
  private final MethodHandle lseek;

  private Libc(Linker linker, SymbolLookup symbols) {
    ValueLayout.OfInt i = ValueLayout.JAVA_INT;
    ValueLayout.OfLong l = ValueLayout.JAVA_LONG;
    Linker.Option errno = Linker.Option.captureCallState("errno");
    Linker.Option variadic = Linker.Option.firstVariadicArg(2);
    open =
        linker.downcallHandle(
            symbols.findOrThrow("open"),
            FunctionDescriptor.of(i, ValueLayout.ADDRESS, i),
            errno,
            variadic);
    close = linker.downcallHandle(symbols.findOrThrow("close"), FunctionDescriptor.of(i, i), errno);
    ftruncate =
        linker.downcallHandle(
            symbols.findOrThrow("ftruncate"), FunctionDescriptor.of(i, i, l), errno);
    fallocate =
        linker.downcallHandle(
            symbols.findOrThrow("fallocate"), FunctionDescriptor.of(i, i, i, l, l), errno);
    fcntl =
        linker.downcallHandle(
            symbols.findOrThrow("fcntl"),
            FunctionDescriptor.of(i, i, i, ValueLayout.ADDRESS),
            errno,
            variadic);
    fstat =
        linker.downcallHandle(
            symbols.findOrThrow("fstat"), FunctionDescriptor.of(i, i, ValueLayout.ADDRESS), errno);
    lseek =
        linker.downcallHandle(
            symbols.findOrThrow("lseek"), FunctionDescriptor.of(l, i, l, i), errno);
  }

  private static Optional<Libc> link() {
    String machine = System.getProperty("os.arch");
    boolean known = machine.equals("amd64") || machine.equals("aarch64");
    if (!known || !System.getProperty("os.name").equals("Linux")) {
      return Optional.empty();
    }
    try {
      Linker linker = Linker.nativeLinker();
      return Optional.of(new Libc(linker, linker.defaultLookup()));
    } catch (RuntimeException | LinkageError e) {
      return Optional.empty(); // native access denied, or another C library: do without
    }
  }

  int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      MemorySegment name = arena.allocateFrom(path);
      return result((int) open.invokeExact(errno, name, flags), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  int close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      return result((int) close.invokeExact(errno, fd), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  int ftruncate(int fd, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      return result((int) ftruncate.invokeExact(errno, fd, length), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  int fallocate(int fd, int mode, long offset, long length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      return result((int) fallocate.invokeExact(errno, fd, mode, offset, length), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** {@code F_OFD_SETLK} on one byte. */
  int setLock(int fd, short type, long at) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      MemorySegment flock = flock(arena, type, at);
      return result((int) fcntl.invokeExact(errno, fd, F_OFD_SETLK, flock), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** {@code F_OFD_GETLK} on one byte: the type of a lock in the way of ours, else F_UNLCK. */
  int getLock(int fd, short type, long at) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      MemorySegment flock = flock(arena, type, at);
      int result = result((int) fcntl.invokeExact(errno, fd, F_OFD_GETLK, flock), errno);
      return result < 0 ? result : flock.get(ValueLayout.JAVA_SHORT, 0);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** Blocks of 512 bytes that the file occupies. */
  long blocks(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      MemorySegment stat = arena.allocate(STAT_BYTES, 8);
      int result = result((int) fstat.invokeExact(errno, fd, stat), errno);
      return result < 0 ? result : stat.get(ValueLayout.JAVA_LONG, AT_BLOCKS);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** {@code SEEK_DATA} or {@code SEEK_HOLE}; it also moves the descriptor's own position. */
  long seek(int fd, long from, int whence) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment errno = arena.allocate(ERRNO);
      return result((long) lseek.invokeExact(errno, fd, from, whence), errno);
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  private static MemorySegment flock(Arena arena, short type, long at) {
    MemorySegment flock = arena.allocate(FLOCK_BYTES, 8); // whence 0 is SEEK_SET; pid must be 0
    flock.set(ValueLayout.JAVA_SHORT, 0, type);
    flock.set(ValueLayout.JAVA_LONG, AT_START, at);
    flock.set(ValueLayout.JAVA_LONG, AT_LENGTH, 1);
    return flock;
  }

  private static int result(int returned, MemorySegment errno) {
    return (int) result((long) returned, errno);
  }

  private static long result(long returned, MemorySegment errno) {
    return returned >= 0 ? returned : -(int) ERRNO_VALUE.get(errno, 0L);
  }

  private static RuntimeException impossible(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a call of the C library failed in the JVM", e);
  }
}
