package dev.drover.system.applier;

import dev.drover.applier.CompensationLog;
import dev.drover.applier.ImageFiles;
import dev.drover.applier.LocalHost;
import dev.drover.applier.ReplicaPorts;
import dev.drover.applier.kafka.KafkaCompensationLog;
import dev.drover.journal.Intent;
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
import java.util.concurrent.TimeUnit;

/** A volume on a broker, its writer, and what replicas of it need. */
final class TestVolume implements AutoCloseable {

  static final String NAME = "v";

  private final KafkaSettings settings;
  private final KafkaRegistry registry;
  private final KafkaVolumes volumes;
  private final VolumeDescriptor volume;
  private final KafkaIntentSink sink;

  TestVolume(EmbeddedKafka kafka, long sizeBytes) throws Exception {
    settings = kafka.settings(EmbeddedKafka.freshPrefix());
    registry = new KafkaRegistry(settings);
    volumes = new KafkaVolumes(settings, registry, Clock.systemUTC());
    volumes.create(NewVolume.empty(NAME, sizeBytes));
    volume = volumes.open(NAME).descriptor();
    WriterIdentity writer = new WriterIdentity("test", UUID.randomUUID(), "/test.qcow2");
    sink = KafkaIntentSink.open(settings, volume, writer, true, Clock.systemUTC());
  }

  KafkaSettings settings() {
    return settings;
  }

  VolumeDescriptor volume() {
    return volume;
  }

  KafkaRegistry registry() {
    return registry;
  }

  /** Appends, and returns the offset when Kafka has it. */
  long append(Intent intent) throws Exception {
    return sink.append(intent).get(30, TimeUnit.SECONDS);
  }

  /** The writer says goodbye: from here on the journal stays as it is. Returns its end. */
  long stopWriting() throws Exception {
    sink.close();
    try (KafkaIntentSource source = KafkaIntentSource.open(settings, volume)) {
      return source.endOffset();
    }
  }

  static Intent.Write write(long offset, int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return new Intent.Write(offset, ByteBuffer.wrap(bytes));
  }

  ReplicaPorts ports(ImageFiles files, CompensationLog.Opener logs) throws Exception {
    return new ReplicaPorts(
        KafkaIntentSource.open(settings, volume), logs, registry, files, LocalHost.detect());
  }

  CompensationLog.Opener logs() {
    return KafkaCompensationLog.following(settings, NAME);
  }

  OptionalLong groupOffset(String replica) throws Exception {
    return KafkaCompensationLog.groupOffset(settings, NAME, replica);
  }

  @Override
  public void close() {
    sink.close();
    volumes.close();
    registry.close();
  }
}
