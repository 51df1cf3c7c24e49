package dev.drover.cli.demo;

import dev.drover.nbd.client.NbdClient;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * Uses the disk as a guest's filesystem does, over NBD, and keeps what it was told is written in a
 * file of its own: what every image is compared with in the end.
 */
final class Guest implements AutoCloseable {

  private static final int BLOCK = 4096;
  private static final int JOURNAL_BLOCKS = 256;
  private static final int FLUSH_EVERY = 32;

  private final NbdClient client;
  private final FileChannel model;
  private final Path modelFile;
  private final Random random = new Random(20_130_604);
  private long requests;
  private long bytes;
  private int journalBlock;

  Guest(URI disk, Path modelFile) throws IOException {
    this.client = NbdClient.connect(disk);
    this.modelFile = modelFile;
    this.model =
        FileChannel.open(modelFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    model.write(ByteBuffer.allocate(1), client.sizeBytes() - 1);
  }

  long requests() {
    return requests;
  }

  long bytes() {
    return bytes;
  }

  /** Files written, journaled, overwritten and deleted again. */
  void work(int changes) throws IOException {
    for (int i = 1; i <= changes; i++) {
      write(1 + journalBlock++ % JOURNAL_BLOCKS, 1); // as a filesystem's journal goes round
      int blocks = 1 + random.nextInt(random.nextInt(8) == 0 ? 96 : 8);
      long block = 512 + random.nextLong(client.sizeBytes() / BLOCK - 512 - blocks);
      switch (random.nextInt(10)) {
        case 0 -> zero(block, blocks, true);
        case 1 -> zero(block, blocks, false);
        default -> write(block, blocks);
      }
      if (i % FLUSH_EVERY == 0) {
        flush();
      }
    }
    flush();
  }

  private void write(long block, int blocks) throws IOException {
    byte[] content = new byte[blocks * BLOCK];
    random.nextBytes(content);
    write(block * BLOCK, content);
  }

  /** Writes, and remembers it once it is acknowledged. */
  void write(long offset, byte[] content) throws IOException {
    NbdClient.await(client.write(offset, ByteBuffer.wrap(content), false));
    requests++;
    bytes += content.length;
    remember(offset, content);
  }

  private void zero(long block, int blocks, boolean trim) throws IOException {
    long offset = block * BLOCK;
    long length = (long) blocks * BLOCK;
    NbdClient.await(
        trim ? client.trim(offset, length) : client.writeZeroes(offset, length, false, false));
    requests++;
    remember(offset, new byte[(int) length]);
  }

  void flush() throws IOException {
    NbdClient.await(client.flush());
    requests++;
  }

  private void remember(long offset, byte[] content) throws IOException {
    ByteBuffer source = ByteBuffer.wrap(content);
    while (source.hasRemaining()) {
      model.write(source, offset + source.position());
    }
  }

  /** What it has been told is written, as a raw file. */
  Path model() {
    return modelFile;
  }

  /** Keeps what it has been told is written by now. */
  void keepModel(Path copy) throws IOException {
    model.force(false);
    Files.copy(modelFile, copy, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    client.close();
    model.close();
  }
}
