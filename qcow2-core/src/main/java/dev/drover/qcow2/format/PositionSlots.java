package dev.drover.qcow2.format;

import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Exception.Code;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Drover's private header extension: two {@link PositionSlot}s, written in turn and in place.
 *
 * <pre>
 *   extension data   s                                                        (file offset, ÷ 8)
 *                    │ slack │ slot of even generations │ … │ slot of odd ones │ slack │
 *                    ▲       ▲                              ▲
 *                    s       s rounded up to step           + step
 *
 *   step     4096 where clusters have at least 16 KiB, else 512
 *   length   (step − 8) + step + 512: both slots fit wherever s is
 * </pre>
 *
 * <p>A slot is one sector of the <em>file</em>, and with the larger step neither shares a 4 KiB
 * block with the other one or with the header, so that no single torn block takes both. Generation
 * g lives in slot g mod 2: a new slot never overwrites the newest.
 *
 * <p>QEMU keeps the extension whenever it rewrites the header, but moves it, so that the slots may
 * stand unaligned: they are found by their magic and checksum. It also clears the replica bit then,
 * and nothing is ever written in place into such an image.
 */
public final class PositionSlots {

  /** Slots need room behind the header. */
  public static final int MIN_CLUSTER_BYTES = 4096;

  private static final int LARGE_CLUSTER_BYTES = 16 << 10;
  private static final int LARGE_STEP = 4096;
  private static final int SMALL_STEP = 512;

  private final long dataOffset;
  private final int step;
  private final Optional<PositionSlot> newest;
  private final Optional<PositionSlot> older;
  private final boolean inPlace;

  private PositionSlots(long dataOffset, int step, List<Found> found) {
    this.dataOffset = dataOffset;
    this.step = step;
    found.sort(Comparator.comparingLong((Found slot) -> slot.slot.generation()).reversed());
    this.newest = found.stream().findFirst().map(Found::slot);
    this.older = found.stream().skip(1).findFirst().map(Found::slot);
    this.inPlace =
        found.stream()
            .limit(2)
            .allMatch(slot -> placeOf(slot.slot.generation()).bytes() == slot.fileOffset);
  }

  private record Found(long fileOffset, PositionSlot slot) {}

  /**
   * The slots of an image.
   *
   * @throws Qcow2Exception NOT_A_REPLICA if it has no such extension
   */
  public static PositionSlots read(Header header, String image) throws Qcow2Exception {
    HeaderExtension extension =
        header
            .extension(HeaderExtension.POSITION_SLOTS)
            .orElseThrow(
                () ->
                    new Qcow2Exception(
                        Code.NOT_A_REPLICA,
                        image,
                        "not a replica: it carries no journal position",
                        "let drover make the image, or use drover volume create --from"));
    byte[] data = extension.data();
    long dataOffset = header.dataOffset(extension).bytes();
    List<Found> found = new ArrayList<>();
    for (int at = 0; at + PositionSlot.BYTES <= data.length; at += 8) {
      long fileOffset = dataOffset + at;
      PositionSlot.decode(data, at).ifPresent(slot -> found.add(new Found(fileOffset, slot)));
    }
    return new PositionSlots(dataOffset, step(header.clusterSize()), found);
  }

  /**
   * The extension of a new replica: generations 0 and 1, both clean and with the same payload.
   *
   * @param dataOffset where in the file its data will begin
   */
  static HeaderExtension create(int clusterSize, long dataOffset, byte[] payload) {
    int step = step(clusterSize);
    ByteBuffer data = ByteBuffer.allocate(dataBytes(clusterSize));
    for (int generation = 0; generation < 2; generation++) {
      int at = (int) (place(dataOffset, step, generation) - dataOffset);
      data.put(at, new PositionSlot(generation, true, Optional.empty(), payload).encode().array());
    }
    return new HeaderExtension(HeaderExtension.POSITION_SLOTS, data.array());
  }

  static int dataBytes(int clusterSize) {
    int step = step(clusterSize);
    return step - 8 + step + PositionSlot.BYTES;
  }

  private static int step(int clusterSize) {
    if (clusterSize < MIN_CLUSTER_BYTES) {
      throw new IllegalArgumentException("no room for slots in clusters of " + clusterSize);
    }
    return clusterSize >= LARGE_CLUSTER_BYTES ? LARGE_STEP : SMALL_STEP;
  }

  private static long place(long dataOffset, int step, long generation) {
    return ((dataOffset + step - 1) & -step) + (generation & 1) * step;
  }

  /** The readable slot with the highest generation. */
  public Optional<PositionSlot> newest() {
    return newest;
  }

  /** The other one, if it is readable too. */
  public Optional<PositionSlot> older() {
    return older;
  }

  /** Both can be read: nothing that was ever durable is forgotten. */
  public boolean isComplete() {
    return older.isPresent();
  }

  /** No program has moved the slots: they may be written in place. */
  public boolean isInPlace() {
    return inPlace;
  }

  /** Where in the file the slot with this generation belongs: a sector of its own. */
  public HostOffset placeOf(long generation) {
    return new HostOffset(place(dataOffset, step, generation));
  }
}
