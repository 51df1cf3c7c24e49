package dev.drover.qcow2;

import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.Compression;
import dev.drover.qcow2.format.Features;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.HeaderExtension;
import dev.drover.qcow2.format.PositionSlot;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.format.SnapshotEntry;
import dev.drover.qcow2.format.SnapshotTable;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * What an image says about itself; nothing beside it is opened.
 *
 * @param version of the format
 * @param fileBytes length of the file
 * @param dirty refcounts may be too high: it was not closed cleanly
 * @param dataFile name of the external data file, if guest data is in one
 * @param dataFileRaw that is, by itself, the guest's disk
 * @param corrupt somebody found it broken
 * @param extendedL2 its L2 entries tell 32 subclusters of a cluster apart
 * @param bitmaps in the directory's order
 * @param isReplica no other program has written to it since its position was (autoclear bit)
 * @param position the newest readable position slot, of a replica or of what once was one
 */
public record ImageInfo(
    String name,
    FormatVersion version,
    long fileBytes,
    long virtualSizeBytes,
    int clusterSizeBytes,
    Compression compression,
    int refcountBits,
    boolean lazyRefcounts,
    boolean dirty,
    boolean corrupt,
    boolean extendedL2,
    Optional<BackingReference> backing,
    Optional<String> dataFile,
    boolean dataFileRaw,
    List<SnapshotEntry> snapshots,
    List<BitmapInfo> bitmaps,
    boolean isReplica,
    Optional<PositionSlot> position) {

  public ImageInfo {
    snapshots = List.copyOf(snapshots);
    bitmaps = List.copyOf(bitmaps);
  }

  private static List<BitmapInfo> bitmaps(Optional<BitmapDirectory> directory) {
    return directory.map(BitmapDirectory::bitmaps).orElse(List.of()).stream()
        .map(
            each ->
                new BitmapInfo(
                    each.nameText(),
                    1L << each.granularityBits(),
                    each.isEnabled(),
                    each.isInUse(),
                    each.isForeign()))
        .toList();
  }

  /**
   * Reads header, snapshot table and bitmap directory.
   *
   * @throws Qcow2Exception NOT_QCOW2, UNSUPPORTED, CORRUPT, TRUNCATED
   */
  public static ImageInfo read(BlockFile file) throws IOException {
    Header header = Header.read(file);
    Features features = header.features();
    Optional<PositionSlot> position =
        header.extension(HeaderExtension.POSITION_SLOTS).isPresent()
            ? PositionSlots.read(header, file.name()).newest()
            : Optional.empty();
    return new ImageInfo(
        file.name(),
        header.version(),
        file.length(),
        header.virtualSize(),
        header.clusterSize(),
        header.compression(),
        header.geometry().refcountBits(),
        features.hasLazyRefcounts(),
        features.isDirty(),
        features.isCorrupt(),
        header.geometry().extendedL2(),
        header.backingName().map(name -> new BackingReference(name, header.backingFormat())),
        header.dataFileName(),
        features.isDataFileRaw(),
        SnapshotTable.read(file, header),
        bitmaps(BitmapDirectory.read(file, header)),
        features.isReplica(),
        position);
  }
}
