package dev.drover.applier;

import static dev.drover.applier.Journals.snapshot;
import static dev.drover.applier.Journals.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.journal.HistoryReader;
import dev.drover.journal.JournalException;
import dev.drover.journal.MemoryJournal;
import dev.drover.journal.MemorySink;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.sim.FailingBlockFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica that begins from another one, whatever happens meanwhile. */
final class BaseImageTest {
  private static final LocalHost HERE = new LocalHost(new UUID(1, 1), "host-a.example");
  private static final BaseImage.History NOT_ASKED =
      () -> {
        throw new AssertionError("a journal is read from its beginning for nothing");
      };

  @TempDir private Path dir;
  private final MemoryJournal journal = new MemoryJournal(Journals.VOLUME, new ManualTime());
  private final MemoryCompensationLog log = new MemoryCompensationLog();
  private final MemoryRegistry registry = new MemoryRegistry();
  private MemorySink sink;
  private Path base;

  @BeforeEach
  void makeBase() throws Exception {
    sink = journal.sink();
    base = dir.resolve("base.qcow2");
    sink.append(write(0, 100_000, 1));
    sink.append(snapshot(1, "s"));
    sink.append(write(0, 100_000, 2));
    apply(ReplicaOptions.of(base).withUntil(journal.end()), ImageFiles.HOST);
  }

  private VolumeDescriptor volume() {
    return new VolumeDescriptor(
        "vol",
        Journals.VOLUME,
        8L << 20,
        VolumeDescriptor.State.READY,
        "drover.vol.intents",
        journal.identity().topicId(),
        512 << 10,
        Instant.EPOCH,
        null);
  }

  private ApplySummary apply(ReplicaOptions options, ImageFiles files) throws Exception {
    ReplicaPorts ports =
        new ReplicaPorts(
            journal.source(), (replica, incarnation) -> log.connect(), registry, files, HERE);
    try (Replica replica = Replica.start(volume(), options, ports)) {
      return replica.done().get(20, TimeUnit.SECONDS);
    }
  }

  private ReplicaOptions from(BaseImage.History history, String name, long until) {
    return ReplicaOptions.of(dir.resolve(name))
        .withUntil(until)
        .withBase(new BaseImage.Wanted(base, history, registry));
  }

  private byte first(String name) throws Exception {
    ReplicaPorts ports =
        new ReplicaPorts(
            journal.source(),
            (replica, incarnation) -> log.connect(),
            registry,
            ImageFiles.HOST,
            HERE);
    try (Replica replica = Replica.start(volume(), ReplicaOptions.of(dir.resolve(name)), ports)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      replica.read(0, one);
      return one.get(0);
    }
  }

  @Test
  void aJournalWhoseBeginningIsGoneIsFollowedFromAnotherReplica() throws Exception {
    long trimmed = journal.end();
    sink.append(write(0, 100_000, 3));
    journal.trim(trimmed - 1); // the record below a position proves that it is the same journal
    assertThrows(
        JournalException.class,
        () ->
            apply(
                ReplicaOptions.of(dir.resolve("none.qcow2")).withUntil(journal.end()),
                ImageFiles.HOST));
    ApplySummary summary = apply(from(NOT_ASKED, "new.qcow2", journal.end()), ImageFiles.HOST);
    assertEquals(trimmed, summary.fromOffset());
    assertEquals(1, summary.intents());
    assertEquals(3, first("new.qcow2"));
  }

  @Test
  void aCopyThatWasCutShortIsMadeAnew() throws Exception {
    byte[] before = Files.readAllBytes(base);
    BaseImage.History history =
        () -> new HistoryReader(volume(), journal.source(), registry).read();
    boolean died = true;
    for (int n = 1; died; n *= 2) {
      String name = "new%d.qcow2".formatted(n);
      ReplicaOptions options = from(history, name, 3);
      died = diesAt(n, options);
      if (died) {
        assertFalse(Files.exists(options.image()), "half an image under its own name");
        ApplySummary summary = apply(options, ImageFiles.HOST);
        assertEquals(3, summary.fromOffset(), "from the snapshot");
        assertFalse(Files.exists(dir.resolve(name + ".new")));
      }
    }
    assertArrayEquals(before, Files.readAllBytes(base));
  }

  /** Whether the process that makes the copy met its end before the {@code n}-th I/O of it. */
  private boolean diesAt(int n, ReplicaOptions options) throws Exception {
    long[] left = {n};
    boolean[] dead = {false};
    ImageFiles dying =
        (path, create) -> {
          FailingBlockFile file = new FailingBlockFile(ImageFiles.HOST.open(path, create));
          if (create) {
            file.failNext(
                io -> {
                  dead[0] |= --left[0] <= 0;
                  if (dead[0]) {
                    throw new MemoryCompensationLog.ProcessDied();
                  }
                  return false;
                },
                FailingBlockFile.Failure.EIO);
          }
          return file;
        };
    try {
      apply(options, dying);
    } catch (MemoryCompensationLog.ProcessDied e) {
      Path unfinished = options.image().resolveSibling(options.image().getFileName() + ".new");
      Files.write(unfinished, new byte[n]); // what a process leaves that cannot clean up
    }
    return dead[0];
  }
}
