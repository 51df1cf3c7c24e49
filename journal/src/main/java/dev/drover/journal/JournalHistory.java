package dev.drover.journal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What a journal says of its volume beside the data, up to a position: the size, the snapshots, the
 * marks. It follows from the journal alone ({@link HistoryReader}); the registry keeps one of each
 * volume, so that nobody reads the whole journal twice to know.
 *
 * @param volume whose it is
 * @param topicId of which topic: one that was made anew has another history
 * @param position up to where
 * @param sizeBytes the volume's size there
 * @param snapshots every snapshot ever taken, in the order of the journal
 * @param marks the newest mark of each name, in the order of the journal
 */
public record JournalHistory(
    UUID volume,
    String topicId,
    Position position,
    long sizeBytes,
    List<Snapshot> snapshots,
    List<Mark> marks) {

  /** What {@link Snapshot#deletedAt} is while a snapshot lives. */
  public static final long LIVE = -1;

  /**
   * A snapshot.
   *
   * @param uuid its identity
   * @param name what people call it; several may have one name
   * @param offset of the record that takes it
   * @param time when that was stamped
   * @param sizeBytes of the volume then
   * @param deletedAt offset of the record that drops it, or {@link #LIVE}
   */
  public record Snapshot(
      UUID uuid, String name, long offset, Instant time, long sizeBytes, long deletedAt) {

    /** Whether no record has dropped it so far. */
    public boolean lives() {
      return deletedAt == LIVE;
    }

    /** Whether it exists for whoever has applied everything below {@code end}, and no more. */
    public boolean livesAt(long end) {
      return offset < end && (lives() || deletedAt >= end);
    }
  }

  /**
   * A mark.
   *
   * @param offset of its record
   */
  public record Mark(String name, long offset) {}

  public JournalHistory {
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(topicId, "topicId");
    Objects.requireNonNull(position, "position");
    snapshots = List.copyOf(snapshots);
    marks = List.copyOf(marks);
  }

  /** Of a volume before its first record. */
  static JournalHistory start(VolumeDescriptor volume) {
    return new JournalHistory(
        volume.uuid(), volume.topicId(), Position.START, volume.sizeBytes(), List.of(), List.of());
  }

  /** The newest snapshot of this name that lives. */
  public Optional<Snapshot> liveSnapshot(String name) {
    return live().stream().filter(each -> each.name().equals(name)).reduce((_, last) -> last);
  }

  /** The snapshots that live, oldest first. */
  public List<Snapshot> live() {
    return snapshots.stream().filter(Snapshot::lives).toList();
  }

  /** The newest mark of this name. */
  public Optional<Mark> mark(String name) {
    return marks.stream().filter(each -> each.name().equals(name)).findFirst();
  }

  /** The epoch that was the newest there; −1 before the first. */
  public long newestEpoch() {
    return Math.max(position.epoch(), position.endedEpoch());
  }

  /** Behind an entry; void ones only move the position. */
  JournalHistory past(JournalEntry entry) {
    JournalHistory here = at(entry.after());
    if (!entry.valid()) {
      return here;
    }
    return switch (entry.record().intent()) {
      case Intent.SnapshotCreate create -> here.taken(create, entry);
      case Intent.SnapshotDelete delete -> here.dropped(delete.id(), entry.offset());
      case Intent.SnapshotRevert revert ->
          here.withSize(here.find(revert.id()).map(Snapshot::sizeBytes).orElse(here.sizeBytes()));
      case Intent.Resize resize -> here.withSize(resize.sizeBytes());
      case Intent.Mark mark -> here.marked(mark.name(), entry.offset());
      case Intent.Write _, Intent.Zero _, Intent.Flush _, Intent.Epoch _, Intent.Heartbeat _ ->
          here;
    };
  }

  private JournalHistory at(Position newPosition) {
    return new JournalHistory(volume, topicId, newPosition, sizeBytes, snapshots, marks);
  }

  private JournalHistory withSize(long bytes) {
    return new JournalHistory(volume, topicId, position, bytes, snapshots, marks);
  }

  private JournalHistory with(List<Snapshot> newSnapshots) {
    return new JournalHistory(volume, topicId, position, sizeBytes, newSnapshots, marks);
  }

  private Optional<Snapshot> find(UUID uuid) {
    return snapshots.stream().filter(each -> each.lives() && each.uuid().equals(uuid)).findFirst();
  }

  /** The same id again is a repeated request, and no second snapshot. */
  private JournalHistory taken(Intent.SnapshotCreate create, JournalEntry entry) {
    if (find(create.id()).isPresent()) {
      return this;
    }
    List<Snapshot> more = new ArrayList<>(snapshots);
    Instant time = Instant.ofEpochMilli(entry.record().timestampMillis());
    more.add(new Snapshot(create.id(), create.name(), entry.offset(), time, sizeBytes, LIVE));
    return with(more);
  }

  private JournalHistory dropped(UUID uuid, long offset) {
    return with(
        snapshots.stream()
            .map(
                each ->
                    each.lives() && each.uuid().equals(uuid)
                        ? new Snapshot(
                            uuid, each.name(), each.offset(), each.time(), each.sizeBytes(), offset)
                        : each)
            .toList());
  }

  private JournalHistory marked(String name, long offset) {
    List<Mark> more = new ArrayList<>(marks);
    more.removeIf(each -> each.name().equals(name));
    more.add(new Mark(name, offset));
    return new JournalHistory(volume, topicId, position, sizeBytes, snapshots, more);
  }
}
