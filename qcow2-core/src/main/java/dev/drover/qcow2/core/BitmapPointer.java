package dev.drover.qcow2.core;

import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.HeaderExtension;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The header's word on the bitmap directory: an extension, which counts while autoclear bit 0 is
 * set.
 *
 * <p>The bit is in the header's first sector, the extension may be behind it. So it is written
 * while the bit is down, or, to replace a directory, as one sector; where QEMU or another program
 * has put it across two, the bit falls for that long, and a power cut then costs the bitmaps and
 * nothing else, as it does with QEMU.
 */
final class BitmapPointer {

  private final ImageCore core;

  BitmapPointer(ImageCore core) {
    this.core = core;
  }

  /**
   * Refuses an image whose header has no place for it; changes nothing.
   *
   * @throws Qcow2Exception UNSUPPORTED
   */
  void requireRoom() throws Qcow2Exception {
    Header header = core.header();
    if (extension() == null && with(header, empty()).encodedBytes() > header.clusterSize()) {
      throw new Qcow2Exception(
          Code.UNSUPPORTED,
          core.disk().name(),
          "not supported: the image's first cluster has no room to name bitmaps",
          "convert it to one with larger clusters, or with a shorter backing file name");
    }
  }

  /** Sees to it that there is an extension, durably; what it says does not count yet. */
  void prepare() throws IOException {
    if (extension() == null) {
      if (hasBit()) {
        core.submitHeader(withBit(false)); // of a directory that is not there
        core.sync();
      }
      new HeaderRewrite(core, with(core.header(), empty())).run();
    }
  }

  private static HeaderExtension empty() {
    return new HeaderExtension(HeaderExtension.BITMAPS, new byte[BitmapDirectory.EXTENSION_BYTES]);
  }

  private static Header with(Header header, HeaderExtension added) {
    List<HeaderExtension> all = new ArrayList<>(header.extensions());
    all.add(added);
    return header.withExtensions(all, Header.BEHIND_EXTENSIONS);
  }

  private HeaderExtension extension() {
    return core.header().extension(HeaderExtension.BITMAPS).orElse(null);
  }

  /** Whether what the extension says counts. */
  boolean hasBit() {
    return (core.header().features().autoclear() & Features.BITMAPS) != 0;
  }

  private Header withBit(boolean set) {
    return core.header().withFeatures(core.header().features().withBitmaps(set));
  }

  /**
   * Points at another directory; the caller syncs.
   *
   * @param linked called right before the write that makes it count, see {@link AllocationList}
   */
  void switchTo(BitmapDirectory next, Runnable linked) throws IOException {
    HeaderExtension old = extension();
    HeaderExtension data = next.extension();
    long at = core.header().dataOffset(old).bytes();
    boolean oneSector =
        at / BlockFile.SECTOR_BYTES == (at + data.data().length - 1) / BlockFile.SECTOR_BYTES;
    List<HeaderExtension> all = new ArrayList<>(core.header().extensions());
    all.replaceAll(each -> each == old ? data : each);
    if (hasBit() && oneSector) {
      linked.run();
      core.submitHeader(
          core.header().withExtensions(all, core.header().backingAt()),
          at,
          ByteBuffer.wrap(data.data()));
      return;
    }
    if (hasBit()) {
      core.submitHeader(withBit(false));
      core.sync();
    }
    core.submitHeader(
        core.header().withExtensions(all, core.header().backingAt()),
        at,
        ByteBuffer.wrap(data.data()));
    core.sync();
    linked.run();
    core.submitHeader(withBit(true));
  }

  /** From here on there are no bitmaps; the caller syncs. */
  void switchOff() throws IOException {
    core.submitHeader(withBit(false));
  }

  /** Takes the extension out, durably; the bit is down, durably. */
  void remove() throws IOException {
    List<HeaderExtension> rest = new ArrayList<>(core.header().extensions());
    rest.remove(extension());
    Header smaller = core.header().withExtensions(rest, Header.BEHIND_EXTENSIONS);
    new HeaderRewrite(core, smaller).run();
  }
}
