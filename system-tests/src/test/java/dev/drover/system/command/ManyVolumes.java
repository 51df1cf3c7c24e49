package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaRegistry;
import dev.drover.journal.kafka.KafkaSettings;
import dev.drover.journal.kafka.KafkaVolumes;
import dev.drover.journal.kafka.NewVolume;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Small volumes with known content, made many at a time without a process for each. */
final class ManyVolumes implements AutoCloseable {
  static final int SIZE = 1 << 20;
  private static final int WRITES = 12;

  private final KafkaSettings settings;
  private final KafkaRegistry registry;
  private final KafkaVolumes volumes;
  private final Map<String, byte[]> content = new ConcurrentHashMap<>();
  private final Map<String, VolumeDescriptor> made = new ConcurrentHashMap<>();

  ManyVolumes(KafkaSettings settings) throws IOException {
    this.settings = settings;
    this.registry = new KafkaRegistry(settings);
    this.volumes = new KafkaVolumes(settings, registry, Clock.systemUTC());
  }

  /** Makes each and writes to it. */
  void make(List<String> names) throws Exception {
    volumes.create(NewVolume.empty(names.getFirst(), SIZE)); // and with it the registry
    inParallel(
        names,
        name -> {
          if (!name.equals(names.getFirst())) {
            volumes.create(NewVolume.empty(name, SIZE));
          }
          made.put(name, volumes.open(name).descriptor());
          write(name);
        });
  }

  /** A dozen writes by a gateway that comes and goes. */
  void write(String name) throws Exception {
    byte[] guest = content.computeIfAbsent(name, each -> new byte[SIZE]);
    Random random = new Random(name.hashCode() + (long) guest[0]);
    var me = new WriterIdentity("test", Intent.Epoch.NO_IMAGE, "");
    try (var sink = KafkaIntentSink.open(settings, made.get(name), me, true, Clock.systemUTC())) {
      List<Future<Long>> done = new ArrayList<>();
      for (int i = 0; i < WRITES; i++) {
        byte[] data = new byte[1 + random.nextInt(20_000)];
        random.nextBytes(data);
        int at = i == 0 ? 0 : random.nextInt(SIZE - data.length);
        System.arraycopy(data, 0, guest, at, data.length);
        done.add(sink.append(new Intent.Write(at, ByteBuffer.wrap(data))));
      }
      for (Future<Long> each : done) {
        each.get();
      }
    }
  }

  /** Somebody else has written this to a volume. */
  void written(String name, int at, byte[] data) {
    System.arraycopy(data, 0, content.get(name), at, data.length);
  }

  /** Puts something into a volume's journal that no writer wrote. */
  void damage(String name) throws Exception {
    try (var raw = new KafkaProducer<byte[], byte[]>(settings.producer(Duration.ofSeconds(10)))) {
      raw.send(new ProducerRecord<>(made.get(name).topic(), 0, null, new byte[] {1, 2, 3})).get();
    }
  }

  void delete(String name) throws IOException {
    volumes.delete(name);
  }

  /** The image is well and holds exactly what was written. */
  void assertApplied(String name, Path image) throws IOException {
    try (BlockFile file = HostFile.openForReading(image)) {
      assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean(), name);
    }
    ByteBuffer guest = ByteBuffer.allocate(SIZE);
    try (var open = Qcow2Image.open(HostFile.openForReading(image), true)) {
      open.read(new GuestOffset(0), guest);
    }
    assertArrayEquals(content.get(name), guest.array(), name);
  }

  /** Something to do for a volume. */
  interface Step {
    void of(String name) throws Exception;
  }

  /** Does it for all of them at the same time. */
  static void inParallel(List<String> names, Step step) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Void>> all = new ArrayList<>();
      for (String name : names) {
        all.add(
            () -> {
              step.of(name);
              return null;
            });
      }
      for (Future<Void> each : threads.invokeAll(all)) {
        each.get();
      }
    }
  }

  @Override
  public void close() {
    volumes.close();
    registry.close();
  }
}
