package dev.drover.system.applier;

import dev.drover.applier.CompensationLog;
import dev.drover.applier.ImageFiles;
import dev.drover.applier.LocalHost;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.applier.ReplicaPorts;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A volume on a broker, its writer, and what replicas of it need. */
public final class TestVolume implements AutoCloseable {

  public static final String NAME = "v";

  private final KafkaSettings settings;
  private final KafkaRegistry registry;
  private final KafkaVolumes volumes;
  private final VolumeDescriptor volume;
  private final KafkaIntentSink sink;

  public TestVolume(EmbeddedKafka kafka, long sizeBytes) throws Exception {
    this(kafka.settings(EmbeddedKafka.freshPrefix()), sizeBytes, TestVolume::writer);
  }

  /** A volume whose writer is made in another way. */
  public TestVolume(KafkaSettings settings, long sizeBytes, WriterOpener opener) throws Exception {
    this.settings = settings;
    registry = new KafkaRegistry(settings);
    volumes = new KafkaVolumes(settings, registry, Clock.systemUTC());
    volumes.create(NewVolume.empty(NAME, sizeBytes));
    volume = volumes.open(NAME).descriptor();
    sink = opener.open(settings, volume);
  }

  /** Takes the first epoch of a volume. */
  @FunctionalInterface
  public interface WriterOpener {
    KafkaIntentSink open(KafkaSettings settings, VolumeDescriptor volume) throws JournalException;
  }

  private static KafkaIntentSink writer(KafkaSettings settings, VolumeDescriptor volume)
      throws JournalException {
    return KafkaIntentSink.open(settings, volume, identity(), true, Clock.systemUTC());
  }

  /** Who a test's writer says it is. */
  public static WriterIdentity identity() {
    return new WriterIdentity("test", UUID.randomUUID(), "/test.qcow2");
  }

  public KafkaSettings settings() {
    return settings;
  }

  public VolumeDescriptor volume() {
    return volume;
  }

  public KafkaRegistry registry() {
    return registry;
  }

  /** Appends, and returns the offset when Kafka has it. */
  public long append(Intent intent) throws Exception {
    return sink.append(intent).get(30, TimeUnit.SECONDS);
  }

  /** Appends; the offset comes when Kafka has it. */
  public CompletableFuture<Long> appendLater(Intent intent) {
    return sink.append(intent);
  }

  /** The writer of this volume. */
  public KafkaIntentSink sink() {
    return sink;
  }

  /** A replica on this host's own files, started; close it. */
  public Replica start(ReplicaOptions options) throws Exception {
    return Replica.start(volume, options, ports(ImageFiles.HOST, logs()));
  }

  /** Follows up to everything that is in the journal now, and stops. */
  public void followToEnd(ReplicaOptions options) throws Exception {
    long end;
    try (KafkaIntentSource source = KafkaIntentSource.open(settings, volume)) {
      end = source.endOffset();
    }
    try (Replica replica = start(options.withUntil(end))) {
      replica.done().get(60, TimeUnit.SECONDS);
    }
  }

  /** The writer says goodbye: from here on the journal stays as it is. Returns its end. */
  public long stopWriting() throws Exception {
    sink.close();
    try (KafkaIntentSource source = KafkaIntentSource.open(settings, volume)) {
      return source.endOffset();
    }
  }

  public static Intent.Write write(long offset, int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return new Intent.Write(offset, ByteBuffer.wrap(bytes));
  }

  public ReplicaPorts ports(ImageFiles files, CompensationLog.Opener logs) throws Exception {
    return new ReplicaPorts(
        KafkaIntentSource.open(settings, volume), logs, registry, files, LocalHost.detect());
  }

  public CompensationLog.Opener logs() {
    return KafkaCompensationLog.following(settings, NAME);
  }

  public OptionalLong groupOffset(String replica) throws Exception {
    return KafkaCompensationLog.groupOffset(settings, NAME, replica);
  }

  @Override
  public void close() {
    sink.close();
    volumes.close();
    registry.close();
  }
}
