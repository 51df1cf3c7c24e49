package dev.drover.journal;

import java.time.Instant;
import java.util.Objects;
import java.util.UUID;

/**
 * What the registry knows of a volume. It is written by {@code volume create}, by an import as it
 * proceeds, and by nothing that runs for long.
 *
 * @param name the volume's name, see {@link JournalNames#NAME}
 * @param uuid what journal records and images call it
 * @param sizeBytes its size when created, in bytes, a multiple of 512
 * @param state whether it may be served and applied
 * @param topic the topic of its intents
 * @param topicId Kafka's id of that topic: a recreated topic has another one; null in CREATING
 * @param chunkBytes the largest payload of one record
 * @param created when it was created
 * @param importProgress how far an import has come; null unless IMPORTING
 * @param durability what it asks of its topic; null, as in older entries: see {@link #asks}
 */
public record VolumeDescriptor(
    String name,
    UUID uuid,
    long sizeBytes,
    State state,
    String topic,
    String topicId,
    int chunkBytes,
    Instant created,
    ImportProgress importProgress,
    Durability durability) {

  /** Only a READY volume is served, applied and replayed. */
  public enum State {
    /** Registered, topics not yet all there; the same {@code volume create} completes it. */
    CREATING,
    /** An image is being journaled; the same {@code volume create --from} continues it. */
    IMPORTING,
    /** In use. */
    READY
  }

  /**
   * Where an import stands, and what the image was when it began: another size or time means that
   * the image has changed and that the import can't go on.
   *
   * @param image the absolute path of the image
   * @param imageBytes the length of the file
   * @param imageModified its modification time
   * @param nextGuestOffset everything below it is in the journal, acknowledged
   */
  public record ImportProgress(
      String image, long imageBytes, Instant imageModified, long nextGuestOffset) {
    public ImportProgress {
      Objects.requireNonNull(image, "image");
      Objects.requireNonNull(imageModified, "imageModified");
    }

    /** The same import, further on. */
    public ImportProgress at(long guestOffset) {
      return new ImportProgress(image, imageBytes, imageModified, guestOffset);
    }
  }

  public VolumeDescriptor {
    JournalNames.check(name);
    Objects.requireNonNull(uuid, "uuid");
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(created, "created");
    if (sizeBytes <= 0 || sizeBytes % 512 != 0) {
      throw new IllegalArgumentException("volume size " + sizeBytes + " is not a multiple of 512");
    }
    if (chunkBytes <= 0) {
      throw new IllegalArgumentException("chunk limit " + chunkBytes);
    }
    if (state != State.CREATING && topicId == null) {
      throw new IllegalArgumentException("volume " + name + " is " + state + " without a topic id");
    }
  }

  /** A volume that asks for nothing of its own. */
  public VolumeDescriptor(
      String name,
      UUID uuid,
      long sizeBytes,
      State state,
      String topic,
      String topicId,
      int chunkBytes,
      Instant created,
      ImportProgress importProgress) {
    this(name, uuid, sizeBytes, state, topic, topicId, chunkBytes, created, importProgress, null);
  }

  /** What it asks of its topic. */
  public Durability asks() {
    return durability == null ? Durability.AS_CONFIGURED : durability;
  }

  /** The same volume, asking for something else. */
  public VolumeDescriptor asking(Durability asked) {
    Durability own = asked.equals(Durability.AS_CONFIGURED) ? null : asked;
    return new VolumeDescriptor(
        name, uuid, sizeBytes, state, topic, topicId, chunkBytes, created, importProgress, own);
  }

  /** The same volume with its topic known, in {@code newState}. */
  public VolumeDescriptor created(String newTopicId, State newState) {
    return at(newState, newTopicId, importProgress);
  }

  /** The same volume, IMPORTING, at {@code progress}. */
  public VolumeDescriptor importing(ImportProgress progress) {
    return at(State.IMPORTING, topicId, progress);
  }

  /** The same volume, complete. */
  public VolumeDescriptor ready() {
    return at(State.READY, topicId, null);
  }

  private VolumeDescriptor at(State newState, String newTopicId, ImportProgress progress) {
    return new VolumeDescriptor(
        name,
        uuid,
        sizeBytes,
        newState,
        topic,
        newTopicId,
        chunkBytes,
        created,
        progress,
        durability);
  }
}
