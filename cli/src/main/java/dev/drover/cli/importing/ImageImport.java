package dev.drover.cli.importing;

import dev.drover.applier.LocalHost;
import dev.drover.cli.image.ImageFile;
import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.journal.Durability;
import dev.drover.journal.Intent;
import dev.drover.journal.IntentSink;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.VolumeDescriptor.ImportProgress;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.GuestDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A new volume with the content of an image. The image is read from its start to its end, and so is
 * journaled in that order: how far a killed import had come is read from the journal itself. Until
 * the whole content is acknowledged the volume is IMPORTING and nothing else touches it.
 *
 * @param name the volume's name
 * @param image the image; nobody may write to it meanwhile
 * @param format what it is
 * @param asks as in {@link NewVolume}
 */
public record ImageImport(
    Session session, String name, Path image, Format format, Durability asks) {

  private static final int REPLICA_CLUSTER_BYTES = 64 << 10;
  private static final Duration WAIT = Duration.ofMillis(500);
  private static final long SAY_EVERY_BYTES = 64L << 20;

  /** Runs to the end; the volume is READY then. */
  public VolumeDescriptor run(Cluster cluster) throws Exception {
    ImportProgress begun = identity();
    try (GuestDisk disk = ImageFile.disk(image, format, false)) {
      long size = size(disk);
      VolumeDescriptor volume = cluster.volumes().create(new NewVolume(name, size, asks, begun));
      cluster.volumes().check(volume);
      try (IntentSink sink = open(cluster, volume)) {
        long from = alreadyThere(cluster, volume, sink.epoch());
        cluster.registry().put(volume.importing(begun.at(from)));
        copy(disk, size, from, sink);
      }
      requireUnchanged(begun);
      VolumeDescriptor ready = volume.ready();
      cluster.registry().put(ready);
      return ready;
    }
  }

  /** What the image is before a byte of it is read. */
  private ImportProgress identity() throws IOException {
    Path path = image.toRealPath();
    BasicFileAttributes facts = Files.readAttributes(path, BasicFileAttributes.class);
    return new ImportProgress(
        path.toString(), facts.size(), facts.lastModifiedTime().toInstant(), 0);
  }

  private void requireUnchanged(ImportProgress begun) throws IOException {
    if (!identity().equals(begun)) {
      throw CommandFailure.refused(
          "IMAGE_MODIFIED",
          "%s: was changed while volume %s was imported from it".formatted(image, name),
          "delete the volume and import the image when nobody writes to it");
    }
  }

  private long size(GuestDisk disk) {
    long size = CreateOptions.roundUpToSectors(disk.virtualSizeBytes());
    if (size == 0 || size > ByteSize.mostMappable(REPLICA_CLUSTER_BYTES)) {
      throw CommandFailure.usage(
          "ILLEGAL_SIZE",
          "%s: a disk of %d bytes cannot be a volume".formatted(image, size),
          "volumes have 512 bytes to "
              + ByteSize.text(ByteSize.mostMappable(REPLICA_CLUSTER_BYTES)));
    }
    return size;
  }

  /** The same identity at each try, so that one that was killed keeps nobody waiting. */
  private IntentSink open(Cluster cluster, VolumeDescriptor volume) throws JournalException {
    String identity = "drover-import:" + volume.uuid();
    WriterIdentity me =
        new WriterIdentity(
            LocalHost.detect().name(),
            UUID.nameUUIDFromBytes(identity.getBytes(StandardCharsets.UTF_8)),
            "import of " + image.toAbsolutePath());
    return KafkaIntentSink.open(cluster.settings(), volume, me, false, cluster.clock());
  }

  /** How far earlier tries have come: what they journaled is gap-free from the start. */
  private static long alreadyThere(Cluster cluster, VolumeDescriptor volume, long epoch)
      throws JournalException {
    long reached = 0;
    try (IntentSource source = KafkaIntentSource.open(cluster.settings(), volume)) {
      source.seek(Position.START);
      while (source.position().nextOffset() < epoch) {
        for (JournalEntry entry : source.poll(WAIT)) {
          if (entry.valid() && entry.offset() < epoch) {
            reached = Math.max(reached, end(entry.record().intent()));
          }
        }
      }
    }
    return reached;
  }

  private static long end(Intent intent) {
    return switch (intent) {
      case Intent.Write write -> write.guestOffset() + write.length();
      case Intent.Zero zero -> zero.guestOffset() + zero.length();
      default -> 0;
    };
  }

  private void copy(GuestDisk disk, long size, long from, IntentSink sink) throws Exception {
    if (from > 0) {
      session.console().remark("going on at byte %d of %d".formatted(from, size));
    }
    AtomicLong said = new AtomicLong(from);
    new ContentReader(
            disk,
            size,
            intent -> {
              CompletableFuture<Long> appended = sink.append(intent);
              if (appended.isCompletedExceptionally()) {
                throw lost(appended);
              }
              progress(end(intent), size, said);
            })
        .readFrom(from);
    CompletableFuture<Long> last = sink.append(new Intent.Flush());
    try {
      last.get();
    } catch (ExecutionException e) {
      throw lost(last);
    }
  }

  private static IOException lost(CompletableFuture<Long> failed) {
    return failed.exceptionNow() instanceof IOException io
        ? io
        : new IOException(failed.exceptionNow());
  }

  private void progress(long done, long size, AtomicLong said) {
    session.console().bar("%s of %s journaled".formatted(ByteSize.text(done), ByteSize.text(size)));
    if (session.console().json() && done - said.get() >= SAY_EVERY_BYTES) {
      said.set(done);
      session
          .console()
          .object(Fields.of("type", "progress").and("guestOffset", done).and("size", size));
    }
  }
}
