package dev.drover.qcow2;

import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

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
  public void close() throws IOException {
    file.close();
  }
}
