package dev.drover.applier;

import dev.drover.applier.ApplierException.Code;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.Position;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.replica.ReplicaImage;
import dev.drover.qcow2.replica.SlotState;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * Opens the image of a replica, or makes it. Whatever is refused is refused before a byte is
 * written; a new image appears under its name only when it is complete.
 */
final class ImageOpener {

  private static final Duration LOG_END_PATIENCE = Duration.ofSeconds(10);

  private final VolumeDescriptor volume;
  private final ReplicaOptions options;
  private final ImageFiles files;
  private final LocalHost host;
  private final Optional<Registry> registry;
  private final Ticker ticker;

  /**
   * @param registry empty for a replay: no replica yet, so nobody can hold its name
   */
  ImageOpener(
      VolumeDescriptor volume,
      ReplicaOptions options,
      ImageFiles files,
      LocalHost host,
      Optional<Registry> registry,
      Ticker ticker) {
    this.volume = volume;
    this.options = options;
    this.files = files;
    this.host = host;
    this.registry = registry;
    this.ticker = ticker;
  }

  /**
   * Opens {@code path}, or makes it, and leaves the source at the image's position.
   *
   * @param path where the image is, or is to be
   * @param namedAfter whose stem a new replica is called by
   */
  OpenImage open(Path path, Path namedAfter, IntentSource source)
      throws IOException, ApplierException {
    if (volume.state() != VolumeDescriptor.State.READY) {
      throw new ApplierException(
          Code.VOLUME_NOT_READY,
          "volume %s is %s".formatted(volume.name(), volume.state()),
          "let 'drover volume create' finish");
    }
    JournalIdentity journal = source.identity();
    forgetSecondName(path);
    OpenImage open =
        Files.exists(path)
            ? existing(path, source, journal)
            : fresh(path, namedAfter, source, journal);
    try {
      requireReachablePoint(open);
      return open;
    } catch (ApplierException e) {
      open.close();
      throw e;
    }
  }

  /** Killed between the two names of a new, complete image. */
  private static void forgetSecondName(Path path) throws IOException {
    Path unfinished = unfinished(path);
    if (Files.exists(path) && Files.exists(unfinished) && Files.isSameFile(path, unfinished)) {
      Files.delete(unfinished);
    }
  }

  private static Path unfinished(Path path) {
    return path.resolveSibling(path.getFileName() + ".new");
  }

  private OpenImage existing(Path path, IntentSource source, JournalIdentity journal)
      throws IOException, ApplierException {
    BlockFile file = files.open(path, false);
    ReplicaImage image = null;
    try {
      image = ReplicaImage.open(file, options.memory().image());
      OpenImage open = judged(path, image, journal);
      source.seek(open.state().applied());
      if (open.state().isBetweenPoints()) {
        source.verifyAt(open.state().minRecovery());
      }
      return image.olderSlot().isPresent() ? open : gatedByLogEnd(open, source);
    } catch (IOException | ApplierException | RuntimeException e) {
      closeAfter(e, image == null ? file : image);
      throw e;
    }
  }

  /**
   * One slot can't be read: perhaps it was the newest. What it promised lies below the journal's
   * end, since nothing was ever applied that was not in it. A poll that gives nothing is not the
   * end: a source may be quiet while it looks through a broken tail, or goes back to its beginning.
   */
  private static OpenImage gatedByLogEnd(OpenImage open, IntentSource source) throws IOException {
    Position applied = open.state().applied();
    Position gate = open.state().minRecovery();
    long end = source.endOffset();
    while (source.position().nextOffset() < end && !endsBroken(source, end)) {
      source.poll(LOG_END_PATIENCE);
    }
    if (source.position().nextOffset() > gate.nextOffset()) {
      gate = source.position();
    }
    source.seek(applied);
    return open.with(open.state().at(applied, gate));
  }

  /** Nothing counts between here and the end, so nobody has applied anything there either. */
  private static boolean endsBroken(IntentSource source, long end) {
    return source.stall().map(stall -> stall.seenTo() >= end).orElse(false);
  }

  private OpenImage judged(Path path, ReplicaImage image, JournalIdentity journal)
      throws IOException, ApplierException {
    SlotState slot = image.slot();
    ReplicaState state = decode(path, slot.payload());
    FileFacts file = FileFacts.of(path);
    ReplicaState.Owner owner = file.owner(host.id());
    // With one slot lost nobody knows whether this is the newest: then it vouches for nothing.
    boolean clean = slot.clean() && image.olderSlot().isPresent();
    ImageJudge.Facts facts =
        new ImageJudge.Facts(path.toString(), state, clean, owner, file.witness(slot.generation()));
    ImageJudge.requireOwnJournal(facts, volume, journal);
    Optional<ReplicaStatus> known = known(state.replica());
    ImageJudge.Verdict verdict = ImageJudge.judge(facts, options, known);
    requireFreeName(verdict.name(), owner, known(verdict.name()));
    boolean syncFailed =
        known.map(k -> k.syncFailed() && state.incarnation().equals(k.incarnation())).orElse(false);
    ReplicaState as =
        verdict.newIncarnation()
            ? state.incarnatedAs(UUID.randomUUID(), verdict.name(), owner)
            : state;
    return new OpenImage(path, image, as, verdict.newIncarnation(), syncFailed);
  }

  static ReplicaState decode(Path path, byte[] payload) throws ApplierException {
    try {
      return ReplicaState.decode(payload);
    } catch (IllegalArgumentException e) {
      throw new ApplierException(
          Code.UNKNOWN_STATE,
          path + ": its position can't be read: " + e.getMessage(),
          "upgrade this host's Drover, or rebuild the replica under another --image",
          e);
    }
  }

  private void requireFreeName(String name, ReplicaState.Owner owner, Optional<ReplicaStatus> known)
      throws IOException, ApplierException {
    if (known.isPresent()) {
      ImageJudge.requireFreeName(name, owner, known, registry.get().now());
    }
  }

  /** What the registry says of a replica of this very volume. */
  private Optional<ReplicaStatus> known(String name) throws IOException {
    if (registry.isEmpty()) {
      return Optional.empty();
    }
    return registry
        .get()
        .replica(volume.name(), name)
        .filter(status -> volume.uuid().equals(status.volumeUuid()));
  }

  private OpenImage fresh(Path path, Path namedAfter, IntentSource source, JournalIdentity journal)
      throws IOException, ApplierException {
    String name = options.name().orElseGet(() -> ReplicaNames.of(namedAfter, host.name()));
    Optional<ReplicaStatus> known = known(name);
    requireFreeName(name, null, known);
    if (known.isPresent() && !known.get().isUnmade() && !options.rebuild()) {
      throw new ApplierException(
          Code.IMAGE_GONE,
          "%s: is gone; the registry knows replica %s of volume %s, last on %s as %s"
              .formatted(path, name, volume.name(), known.get().host(), known.get().image()),
          "find the image, or make it anew with --rebuild, or " + ReplicaNames.CHOOSE_ANOTHER);
    }
    Path unfinished = unfinished(path);
    if (options.base().isPresent()) {
      try (BaseImage base =
          BaseImage.open(
              options.base().get(),
              volume,
              journal,
              options.untilOffset().orElse(Long.MAX_VALUE))) {
        source.seek(base.position());
        make(unfinished, path, name, journal, base.position(), base::copyTo);
      }
    } else {
      source.seek(Position.START); // a journal that was trimmed can't make an image
      make(
          unfinished,
          path,
          name,
          journal,
          Position.START,
          (file, state) ->
              ReplicaImage.create(
                  file, volume.sizeBytes(), options.clusterBytes(), state.encode()));
    }
    return existing(path, source, journal); // under its own name, as every later start will
  }

  /** Fills an empty file with an image. */
  @FunctionalInterface
  private interface Filling {
    void fill(BlockFile empty, ReplicaState as) throws IOException;
  }

  private void make(
      Path unfinished,
      Path path,
      String name,
      JournalIdentity journal,
      Position at,
      Filling filling)
      throws IOException {
    BlockFile file = openUnfinished(unfinished);
    try (file) {
      ReplicaState.Owner owner = FileFacts.of(unfinished).owner(host.id());
      UUID incarnation = UUID.randomUUID();
      filling.fill(
          file, new ReplicaState(volume.uuid(), incarnation, name, owner, journal, at, at));
      publish(unfinished, path);
    } catch (IOException | RuntimeException e) {
      deleteAfter(e, unfinished);
      throw e;
    }
  }

  /**
   * Makes the file, over what a killed process may have left. Its lock tells that it is dead, and
   * is held until it is deleted: what is deleted is never the file of a process that came in
   * between.
   */
  private BlockFile openUnfinished(Path unfinished) throws IOException {
    Path folder = unfinished.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(folder.toString());
    }
    try {
      try {
        return files.open(unfinished, true);
      } catch (FileAlreadyExistsException e) {
        try (BlockFile _ = files.open(unfinished, false)) {
          Files.delete(unfinished);
        }
        return files.open(unfinished, true);
      }
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      throw new Qcow2Exception(
          Qcow2Exception.Code.IMAGE_IN_USE,
          unfinished.toString(),
          "in use: another process is making this image at this moment",
          "one process per image: stop one of them");
    }
  }

  /** Gives a complete image its name, over nothing, durably. */
  static void publish(Path complete, Path path) throws IOException {
    boolean linked;
    try {
      Files.createLink(path, complete); // unlike a rename it fails when the name is taken
      linked = true;
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      linked = false; // a filesystem without links
    }
    if (linked) {
      Files.delete(complete);
    } else {
      Files.move(complete, path);
    }
    Path directory = path.toAbsolutePath().getParent();
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private void requireReachablePoint(OpenImage open) throws ApplierException {
    if (options.untilOffset().isEmpty()) {
      return;
    }
    long until = options.untilOffset().getAsLong();
    ReplicaState state = open.state();
    // Between points the lowest place that it can be brought to is its gate.
    long lowest = state.minRecovery().nextOffset();
    if (until < lowest) {
      throw new ApplierException(
          Code.POINT_PASSED,
          "%s: is at offset %d already, beyond %d".formatted(open.path(), lowest, until),
          "use 'drover replay' for a fresh image at that point; --base with this one is quicker");
    }
  }

  private static void closeAfter(Exception cause, AutoCloseable file) {
    try {
      file.close();
    } catch (Exception e) {
      cause.addSuppressed(e);
    }
  }

  private static void deleteAfter(Exception cause, Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
