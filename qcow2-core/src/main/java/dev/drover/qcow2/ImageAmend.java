package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.check.RefcountWidth;
import dev.drover.qcow2.core.CoreOptions;
import dev.drover.qcow2.core.Structure;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.HeaderExtension;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.function.LongConsumer;

/**
 * Changes what an image was made with: version, refcount width, lazy refcounts, size.
 *
 * <p>One step after the other, each of which a power cut leaves done or not done, with the same
 * content and nothing leaked once the image was opened again; so after a cut the same call does the
 * rest:
 *
 * <pre>
 *   header (to version 3) ──► size ──► zero flags out (to version 2) ──► refcounts ──► header
 * </pre>
 */
public final class ImageAmend {

  private static final int PIECE_BYTES = 1 << 20;

  private final BlockFile file;
  private final BackingOpener gate;
  private final AmendOptions wanted;
  private final CoreOptions bounds;
  private final LongConsumer progress;

  private ImageAmend(
      BlockFile file,
      BackingOpener gate,
      AmendOptions wanted,
      CoreOptions bounds,
      LongConsumer progress) {
    this.file = new BorrowedFile(file);
    this.gate = gate;
    this.wanted = wanted;
    this.bounds = bounds;
    this.progress = progress;
  }

  /**
   * Amends an image that nobody has open; durable on return.
   *
   * @param file of the image; it is closed, whatever happens
   * @param gate opens its backing disk
   * @param progress told how many bytes of the disk are done
   * @throws Qcow2Exception UNSUPPORTED, INVALID_OPTION for what cannot be; before anything changes
   */
  public static void amend(
      BlockFile file, BackingOpener gate, AmendOptions wanted, LongConsumer progress)
      throws IOException {
    amend(file, gate, wanted, progress, Qcow2Image.BOUNDS);
  }

  static void amend(
      BlockFile file,
      BackingOpener gate,
      AmendOptions wanted,
      LongConsumer progress,
      CoreOptions bounds)
      throws IOException {
    try (file) {
      new ImageAmend(file, gate, wanted, bounds, progress).run();
    } catch (UncheckedIOException e) {
      throw e.getCause(); // iterators can't throw what they mean
    }
  }

  private void run() throws IOException {
    Header before = Header.read(file);
    FormatVersion version = wanted.version().orElse(before.version());
    int bits = wanted.refcountBits().orElse(before.geometry().refcountBits());
    checkWidths(version, bits);
    checkDataFile(before);
    if (version == FormatVersion.V2 && before.version() != version) {
      checkDowngrade(before);
    }
    if (version == FormatVersion.V3 && before.version() != version) {
      rewriteHeader(version); // only then do snapshots keep the size that the disk has now
    }
    content(version);
    if (version == FormatVersion.V3) {
      rewriteHeader(version);
    }
    if (bits != before.geometry().refcountBits()) {
      RefcountWidth.change(file, bits);
    }
    if (version == FormatVersion.V2) {
      rewriteHeader(version);
    }
    progress.accept(Header.read(file).virtualSize());
  }

  private void checkWidths(FormatVersion version, int bits) throws Qcow2Exception {
    if (Integer.bitCount(bits) != 1 || bits > Long.SIZE) {
      throw refused(
          Code.INVALID_OPTION,
          "refcount width " + bits + " is not a power of two from 1 to 64 bits",
          "choose another value");
    }
    if (version == FormatVersion.V2 && bits != 16) {
      throw unsupported("compat=0.10 with refcounts of " + bits + " bits", "add refcount_bits=16");
    }
    if (version == FormatVersion.V2 && wanted.lazyRefcounts().orElse(false)) {
      throw unsupported("lazy refcounts with compat=0.10", "add compat=1.1");
    }
  }

  private void checkDataFile(Header before) throws Qcow2Exception {
    boolean has = before.features().hasDataFile();
    if (wanted.dataFile().isPresent() && (!has || wanted.dataFile().get().isEmpty())) {
      throw unsupported(
          "an external data file for an image that has none, or none for one that has",
          "copy it into a new image with: image convert");
    }
    boolean isRaw = has && (before.features().autoclear() & Features.RAW_EXTERNAL_DATA) != 0;
    if (wanted.dataFileRaw().orElse(false) && !isRaw) {
      throw unsupported(
          "data_file_raw=on for an image that is there: what its data file holds may differ",
          "copy it into a new image with: image convert");
    }
  }

  private void checkDowngrade(Header before) throws IOException {
    String what =
        before.features().hasDataFile()
            ? "an external data file"
            : before.geometry().extendedL2()
                ? "extended L2 entries"
                : BitmapDirectory.read(file, before).isPresent() ? "dirty bitmaps" : null;
    if (what != null) {
      throw unsupported(
          "compat=0.10 with " + what,
          what.equals("dirty bitmaps")
              ? "remove them first with: image bitmap --remove"
              : "copy it into a new image with: image convert -o compat=0.10");
    }
  }

  /** Size and zero flags: what the write path does. */
  private void content(FormatVersion version) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false, gate, bounds)) {
      boolean downgrade = version == FormatVersion.V2 && image.header().hasFeatures();
      long size = wanted.virtualSize().orElse(image.virtualSizeBytes());
      if (downgrade) {
        image.change(structure -> structure.requireExpandableZeroes(size));
      }
      if (size != image.virtualSizeBytes()) {
        image.resize(size);
      }
      if (downgrade) {
        writeZeroes(image);
        image.flush();
        image.change(Structure::clearZeroFlags);
      }
    }
  }

  /** Zeroes that a cluster is kept for, or that hide a backing disk, become bytes. */
  private void writeZeroes(Qcow2Image image) throws IOException {
    Iterator<HostExtent> extents = image.hostExtents(GuestOffset.ZERO);
    while (extents.hasNext()) {
      HostExtent extent = extents.next();
      boolean kept = extent.hostOffset().isPresent();
      if (extent.kind() == HostExtent.Kind.ZERO && (kept || image.backing().isPresent())) {
        for (long at = extent.start().bytes(); at < extent.end(); at += PIECE_BYTES) {
          int bytes = (int) Math.min(PIECE_BYTES, extent.end() - at);
          image.write(new GuestOffset(at), ByteBuffer.allocate(bytes));
          progress.accept(at);
        }
      }
    }
  }

  private void rewriteHeader(FormatVersion version) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(file, false, gate, bounds)) {
      Header next = next(image.header(), version);
      if (!next.encode().equals(image.header().encode())) {
        image.change(structure -> structure.rewriteHeader(header -> next(header, version)));
      }
    }
  }

  private Header next(Header header, FormatVersion version) {
    Header next = header.withVersion(version).withBackingAt(Header.BEHIND_EXTENSIONS);
    if (version == FormatVersion.V2) {
      return next;
    }
    boolean lazy = wanted.lazyRefcounts().orElse(header.features().hasLazyRefcounts());
    next = next.withFeatures(next.features().withLazyRefcounts(lazy));
    if (!wanted.dataFileRaw().orElse(true)) {
      next = next.withFeatures(next.features().withoutRawData());
    }
    if (wanted.dataFile().isPresent()) {
      next =
          next.withExtension(
              HeaderExtension.ofText(HeaderExtension.EXTERNAL_DATA, wanted.dataFile().get()));
    }
    return next;
  }

  private Qcow2Exception unsupported(String what, String hint) {
    return refused(Code.UNSUPPORTED, "not supported: " + what, hint);
  }

  private Qcow2Exception refused(Code code, String what, String hint) {
    return new Qcow2Exception(code, file.name(), what, hint);
  }
}
