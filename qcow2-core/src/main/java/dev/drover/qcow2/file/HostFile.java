package dev.drover.qcow2.file;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.io.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Future;

/**
 * A file of the host, locked against QEMU and against other parts of this process while it is open.
 *
 * <p>I/O happens in the calling thread. Interrupting that thread does not close the file, unlike
 * with the JDK's FileChannel; the thread stays interrupted.
 */
public final class HostFile implements BlockFile {

  /** Shorter runs of zeroes are written faster than the filesystem can be asked for them. */
  private static final int ZEROES_ASKED_FOR_BYTES = 1 << 16;

  private final Path path;
  private final OpenFile.Use use;
  private final AsynchronousFileChannel channel;
  private final Optional<NativeFile> nativeFile;
  private final boolean writable;

  private HostFile(Path path, OpenFile.Use use, boolean writable) {
    this.path = path;
    this.use = use;
    this.channel = use.descriptors().channel();
    this.nativeFile = use.descriptors().nativeFile();
    this.writable = writable;
  }

  /**
   * Makes a new, empty file and holds it as its only writer.
   *
   * @throws java.nio.file.FileAlreadyExistsException and nothing is touched
   */
  public static HostFile createNew(Path path) throws IOException {
    return open(path, Sharing.WRITER, true, true);
  }

  /**
   * Opens a file and keeps everybody else off it.
   *
   * @throws Qcow2Exception IMAGE_IN_USE
   */
  public static HostFile openForWriting(Path path) throws IOException {
    return open(path, Sharing.WRITER, false, true);
  }

  /**
   * Opens a file for reading and keeps writers off it.
   *
   * @throws Qcow2Exception IMAGE_IN_USE if there is one
   */
  public static HostFile openForReading(Path path) throws IOException {
    return open(path, Sharing.READER, false, true);
  }

  /**
   * Opens the external data file of an image, as QEMU locks one: its user alone changes its size.
   *
   * @throws Qcow2Exception IMAGE_IN_USE
   */
  public static HostFile openData(Path path, boolean readOnly) throws IOException {
    return open(path, readOnly ? Sharing.DATA_READER : Sharing.DATA_WRITER, false, true);
  }

  /** Opens a file for reading whoever has it, as QEMU's {@code -U}: it may change meanwhile. */
  public static HostFile openForced(Path path) throws IOException {
    return open(path, Sharing.FORCED, false, true);
  }

  static HostFile open(Path path, Sharing sharing, boolean createNew, boolean nativeCalls)
      throws IOException {
    OpenFile.Use use = OpenFile.open(path, sharing, createNew, nativeCalls);
    return new HostFile(path, use, sharing.isWriting());
  }

  public Path path() {
    return path;
  }

  /** Which file it is; another one after a copy or a restore. */
  public FileIdentity identity() {
    return use.identity();
  }

  @Override
  public void read(ByteBuffer dst, long offset) throws IOException {
    long at = offset;
    while (dst.hasRemaining()) {
      int n = await(channel.read(dst, at));
      if (n < 0) {
        while (dst.hasRemaining()) {
          dst.put((byte) 0);
        }
        return;
      }
      at += n;
    }
  }

  @Override
  public void write(ByteBuffer src, long offset) throws IOException {
    checkWritable();
    long at = offset;
    while (src.hasRemaining()) {
      try {
        at += await(channel.write(src, at));
      } catch (IOException e) {
        throw isDiskFull(e, src.remaining()) ? new DiskFullException(name(), e) : e;
      }
    }
  }

  /** The I/O is over when the future is made, see {@link OpenFile}. */
  private static int await(Future<Integer> io) throws IOException {
    assert io.isDone();
    return switch (io.state()) {
      case SUCCESS -> io.resultNow();
      case FAILED, CANCELLED, RUNNING -> throw failure(io);
    };
  }

  private static IOException failure(Future<Integer> io) {
    Throwable cause = io.exceptionNow();
    return cause instanceof IOException e ? e : new IOException(cause);
  }

  /** The JDK has no type for it, and its message may be in any language. */
  private boolean isDiskFull(IOException e, long wanted) {
    String message = String.valueOf(e.getMessage());
    if (message.contains("No space left") || message.contains("quota exceeded")) {
      return true;
    }
    try {
      return Files.getFileStore(path).getUsableSpace() < wanted;
    } catch (IOException unknown) {
      return false;
    }
  }

  @Override
  public long length() throws IOException {
    return channel.size();
  }

  /** Bytes of the disk that the file occupies; its length where the system does not tell. */
  public long allocatedBytes() throws IOException {
    long bytes = nativeFile.isPresent() ? nativeFile.get().allocatedBytes() : -1;
    return bytes < 0 ? length() : bytes;
  }

  @Override
  public void setLength(long bytes) throws IOException {
    checkWritable();
    if (nativeFile.isPresent()) {
      nativeFile.get().setLength(bytes);
    } else if (bytes <= length()) {
      channel.truncate(bytes);
    } else {
      write(ByteBuffer.allocate(1), bytes - 1);
    }
  }

  @Override
  public void sync() throws IOException {
    channel.force(false);
  }

  @Override
  public void punch(long offset, long length) throws IOException {
    checkWritable();
    if (nativeFile.isPresent()) {
      nativeFile.get().punch(offset, length);
    }
  }

  @Override
  public void writeZeroes(long offset, long length, boolean mayUnmap) throws IOException {
    checkWritable();
    boolean inside = offset + length <= length();
    if (nativeFile.isPresent() && length >= ZEROES_ASKED_FOR_BYTES && inside) {
      NativeFile file = nativeFile.get();
      if (mayUnmap ? file.punch(offset, length) : file.zeroRange(offset, length)) {
        return;
      }
    }
    BlockFile.super.writeZeroes(offset, length, mayUnmap);
  }

  @Override
  public long nextData(long from) throws IOException {
    OptionalLong told = nativeFile.map(file -> file.nextData(from)).orElse(OptionalLong.empty());
    return told.isPresent() ? told.getAsLong() : BlockFile.super.nextData(from);
  }

  @Override
  public long nextHole(long from) throws IOException {
    OptionalLong told = nativeFile.map(file -> file.nextHole(from)).orElse(OptionalLong.empty());
    return told.isPresent() ? told.getAsLong() : BlockFile.super.nextHole(from);
  }

  private void checkWritable() throws Qcow2Exception {
    if (!writable) {
      throw new Qcow2Exception(
          Code.READ_ONLY, name(), "opened for reading only", "open it for writing");
    }
  }

  @Override
  public String name() {
    return path.toString();
  }

  /** Idempotent. */
  @Override
  public void close() throws IOException {
    use.close();
  }
}
