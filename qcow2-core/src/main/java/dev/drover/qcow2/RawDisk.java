package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/** A raw file as a disk, for import, comparison and as a backing file; read only. */
public final class RawDisk implements GuestDisk {

  private final BlockFile file;
  private final long size;

  /** Takes the file over. Its length, rounded up to sectors as QEMU does, is the disk's size. */
  public RawDisk(BlockFile file) throws IOException {
    this.file = file;
    this.size = CreateOptions.roundUpToSectors(file.length());
  }

  @Override
  public long virtualSizeBytes() {
    return size;
  }

  @Override
  public void read(GuestOffset offset, ByteBuffer destination) throws IOException {
    Objects.checkFromIndexSize(offset.bytes(), destination.remaining(), size);
    file.read(destination, offset.bytes());
  }

  @Override
  public Iterator<HostExtent> hostExtents(GuestOffset from) {
    long length = size - from.bytes();
    return length <= 0
        ? List.<HostExtent>of().iterator()
        : List.of(
                new HostExtent(
                    from,
                    length,
                    HostExtent.Kind.DATA,
                    0,
                    OptionalLong.of(from.bytes()),
                    Optional.of(file.name())))
            .iterator();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
