package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Changes header extensions and the backing file name so that any power cut leaves the old ones or
 * the new ones. They take several sectors, and only one sector is written whole or not at all; the
 * first one has the fields, and those say where the rest is:
 *
 * <pre>
 *   now       │ fields │ old extensions │ old name │
 *   parked    │ fields │ old extensions │ old name │ … │ new extensions │ new name │
 *                └──────── header length, backing file offset ─────▲
 *   in place  │ fields │ new extensions │ new name │ … │ new extensions │ new name │
 *                └──────▲
 * </pre>
 *
 * <p>Both times one write of the first sector switches, when what it leads to is durable. While the
 * extensions are parked, the bytes in front of them are header fields that nobody knows, which
 * programs skip. Where no more than the first sector and the name change, the name alone gets
 * another place; that is also all that version 2 can do, which has no header length.
 */
final class HeaderRewrite {

  private static final int SECTOR = BlockFile.SECTOR_BYTES;

  private final ImageCore core;
  private final Header next;
  private final byte[] wanted;
  private final int clusterSize;

  /**
   * @param next with its backing file name behind the extensions
   * @throws Qcow2Exception OUT_OF_RANGE when cluster 0 has no room for it
   */
  HeaderRewrite(ImageCore core, Header next) throws Qcow2Exception {
    this.core = core;
    this.next = next;
    this.clusterSize = next.clusterSize();
    if (next.encodedBytes() > clusterSize) {
      throw noRoom();
    }
    this.wanted = next.encode().array();
  }

  private Qcow2Exception noRoom() {
    return new Qcow2Exception(
        Code.OUT_OF_RANGE,
        core.disk().name(),
        "its first cluster, of %d bytes, has no room for the new header".formatted(clusterSize),
        "choose a shorter name for the backing file");
  }

  /** On an image at rest; durable on return. After a throw it may be done or not. */
  void run() throws IOException {
    byte[] now = new byte[clusterSize];
    core.disk().readTable(now, 0);
    int parked = (Math.max(core.header().usedBytes(), wanted.length) + SECTOR - 1) & -SECTOR;
    if (sameFrom(SECTOR, wanted.length, now)) {
      switchTo(next, wanted);
    } else if (next.hasFeatures() && parked + wanted.length - next.headerLength() <= clusterSize) {
      park(parked, now);
      write(SECTOR, wanted, SECTOR, wanted.length);
      switchTo(next, wanted);
    } else if (sameFrom(SECTOR, next.extensionsEnd(), now)) {
      moveName();
    } else {
      throw noRoom();
    }
    wipe();
  }

  /** Whether cluster 0 has these bytes of the new header already. */
  private boolean sameFrom(int from, int to, byte[] now) {
    return to <= from || to <= now.length && Arrays.equals(wanted, from, to, now, from, to);
  }

  private void park(int place, byte[] now) throws IOException {
    write(place, wanted, next.headerLength(), wanted.length);
    Header parked = next.withExtensionsAt(place, now);
    switchTo(parked, parked.encodeFields().array());
  }

  /** The name goes where the old one is not. */
  private void moveName() throws IOException {
    int bytes = wanted.length - next.extensionsEnd();
    int place = Math.max(core.header().usedBytes(), next.extensionsEnd());
    if (place + bytes > clusterSize) {
      place = next.extensionsEnd();
      if (place + bytes > core.header().backingNameAt()) {
        throw noRoom();
      }
    }
    write(place, wanted, next.extensionsEnd(), wanted.length);
    Header moved = next.withBackingAt(place);
    byte[] start = Arrays.copyOf(wanted, Math.max(SECTOR, moved.headerLength()));
    moved.encodeFields().get(start, 0, moved.headerLength());
    switchTo(moved, start);
  }

  private void write(int place, byte[] bytes, int from, int to) throws IOException {
    core.disk().writeTable(place, ByteBuffer.wrap(bytes, from, to - from));
    core.sync();
  }

  /** One write of one sector, from which on what it points at counts. */
  private void switchTo(Header header, byte[] start) throws IOException {
    core.submitHeader(header, 0, ByteBuffer.wrap(start, 0, Math.min(SECTOR, start.length)));
    core.sync();
  }

  /** Nothing but the backing file name may stand behind the extensions. */
  private void wipe() throws IOException {
    byte[] now = new byte[clusterSize];
    core.disk().readTable(now, 0);
    Header header = core.header();
    if (header.backingName().isPresent()) {
      wipe(header.extensionsEnd(), header.backingNameAt(), now);
    }
    wipe(header.usedBytes(), clusterSize, now);
  }

  private void wipe(int from, int to, byte[] now) throws IOException {
    int end = to;
    while (end > from && now[end - 1] == 0) {
      end--;
    }
    if (from < end) {
      write(from, new byte[end - from], 0, end - from);
    }
  }
}
