package dev.drover.applier;

import static dev.drover.applier.Journals.snapshot;
import static dev.drover.applier.Journals.write;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException.Code;
import dev.drover.journal.IntentSource;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.MemoryJournal;
import dev.drover.journal.MemorySink;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.ReplicaStatus.State;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.qcow2.GuestChange;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.format.Header;
import dev.drover.qcow2.format.PositionSlots;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.qcow2.replica.ReplicaImage;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A replica on real files: what it accepts, what it refuses, what it leaves behind. */
final class ReplicaTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int CLUSTER = 64 << 10;
  private static final LocalHost HERE = new LocalHost(new UUID(1, 1), "host-a.example");

  @TempDir private Path dir;
  private final ManualTime clock = new ManualTime();
  private final MemoryJournal journal = new MemoryJournal(Journals.VOLUME, clock);
  private final MemoryCompensationLog log = new MemoryCompensationLog();
  private final MemoryRegistry registry = new MemoryRegistry();
  private MemorySink sink;
  private Path path;

  @BeforeEach
  void begin() throws IOException {
    sink = journal.sink();
    path = dir.resolve("disk.qcow2");
  }

  private VolumeDescriptor volume() {
    return volume(Journals.VOLUME);
  }

  private VolumeDescriptor volume(UUID uuid) {
    return new VolumeDescriptor(
        "vol",
        uuid,
        8L << 20,
        VolumeDescriptor.State.READY,
        "drover.vol.intents",
        journal.identity().topicId(),
        512 << 10,
        Instant.EPOCH,
        null);
  }

  private ReplicaPorts ports() {
    return ports(HERE, ImageFiles.HOST);
  }

  private ReplicaPorts ports(LocalHost host, ImageFiles files) {
    return new ReplicaPorts(
        journal.source(), (replica, incarnation) -> log.connect(), registry, files, host);
  }

  private Replica start() throws Exception {
    return start(ReplicaOptions.of(path));
  }

  private Replica start(ReplicaOptions options) throws Exception {
    return Replica.start(volume(), options, ports());
  }

  private ApplierException refused(Code code, ReplicaOptions options) throws IOException {
    byte[] before = Files.exists(options.image()) ? Files.readAllBytes(options.image()) : null;
    ApplierException e =
        assertThrows(ApplierException.class, () -> Replica.start(volume(), options, ports()));
    assertEquals(code, e.code(), e.getMessage());
    assertFalse(e.getMessage().contains("\n"));
    assertFalse(e.hint().isBlank());
    if (before == null) {
      assertFalse(Files.exists(options.image()), "made although refused");
    } else {
      assertArrayEquals(before, Files.readAllBytes(options.image()), "written although refused");
    }
    return e;
  }

  private void runToTheEnd() throws Exception {
    try (Replica replica = start()) {
      assertTrue(replica.awaitVisible(journal.end(), SOON));
    }
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private static byte[] read(Replica replica, long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    replica.read(offset, bytes);
    return bytes.array();
  }

  private ReplicaStatus status() throws JournalException {
    return registry.replica("vol", "disk-host-a").orElseThrow();
  }

  @Test
  void aMissingImageIsMadeFollowedAndLeftClean() throws Exception {
    sink.append(write(100, 5000, 7));
    try (Replica replica = start()) {
      assertTrue(replica.awaitVisible(2, SOON));
      assertArrayEquals(filled(5000, 7), read(replica, 100, 5000));
      sink.append(write(0, 10, 8));
      assertTrue(replica.awaitVisible(3, SOON));
      assertArrayEquals(filled(10, 8), read(replica, 0, 10));
      assertEquals("disk-host-a", replica.report().replica());
    }
    try (BlockFile file = HostFile.openForReading(path)) {
      assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean());
    }
    assertEquals(State.STOPPED, status().state());
    assertEquals(3, status().appliedOffset());
    assertEquals(0, status().lagRecords());
    assertEquals(0, status().lagBytes());
    assertEquals(0, status().lagSeconds());
    assertTrue(status().clean());
    assertEquals(3, log.groupOffset());
    assertEquals(List.of(path), Files.list(dir).toList());
  }

  @Test
  void anImageInNoFolderIsToldByTheFolder() {
    Path nowhere = dir.resolve("no").resolve("where");
    NoSuchFileException e =
        assertThrows(
            NoSuchFileException.class,
            () -> start(ReplicaOptions.of(nowhere.resolve("disk.qcow2"))));
    assertEquals(nowhere.toString(), e.getFile());
  }

  @Test
  void itStopsAtItsPointSummarisesAndGoesOnLater() throws Exception {
    sink.append(write(0, 100, 1));
    sink.append(write(0, 100, 2));
    sink.append(write(0, 100, 3));
    try (Replica replica = start(ReplicaOptions.of(path).withUntil(3))) {
      ApplySummary summary = replica.done().get(20, TimeUnit.SECONDS);
      assertEquals(0, summary.fromOffset());
      assertEquals(3, summary.appliedOffset());
      assertEquals(200, summary.bytes());
      assertEquals(3, summary.intents());
    }
    ApplierException passed = refused(Code.POINT_PASSED, ReplicaOptions.of(path).withUntil(2));
    assertTrue(passed.hint().contains("replay"));
    try (Replica replica = start()) {
      assertTrue(replica.awaitVisible(4, SOON));
      assertEquals(3, replica.report().fromOffset());
      assertArrayEquals(filled(100, 3), read(replica, 0, 100));
    }
  }

  @Test
  void theVisibleOffsetIsHeardOnlyOnceItCanBeRead() throws Exception {
    try (Replica replica = start()) {
      replica.awaitVisible(1, SOON);
      List<Long> heard = new CopyOnWriteArrayList<>();
      List<String> seen = new CopyOnWriteArrayList<>();
      replica.onVisible(
          offset -> {
            heard.add(offset);
            try {
              seen.add(read(replica, 0, 1)[0] + " at " + offset);
            } catch (IOException e) {
              seen.add(e.toString());
            }
          });
      sink.append(write(0, 10, 5));
      assertTrue(replica.awaitVisible(2, SOON));
      assertTrue(heard.contains(2L));
      assertTrue(seen.contains("5 at 2"), seen.toString());
    }
  }

  @Test
  void anImageOfAnotherVolumeIsRefused() throws Exception {
    runToTheEnd();
    byte[] before = Files.readAllBytes(path);
    ApplierException e =
        assertThrows(
            ApplierException.class,
            () ->
                Replica.start(
                    volume(new UUID(9, 9)), ReplicaOptions.of(path).withName("x"), ports()));
    assertEquals(Code.FOREIGN_IMAGE, e.code());
    assertArrayEquals(before, Files.readAllBytes(path));
  }

  @Test
  void aRecreatedJournalIsRefusedAndNeverReadFromZero() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    journal.recreate();
    sink = journal.sink();
    refused(Code.FOREIGN_JOURNAL, ReplicaOptions.of(path));
  }

  @Test
  void aTruncatedOrTrimmedJournalIsRefused() throws Exception {
    sink.append(write(0, 10, 1));
    sink.append(write(0, 10, 2));
    runToTheEnd();
    journal.truncate(2);
    assertEquals(JournalException.Code.TRUNCATED, journalRefusal().code());
    journal.sink().append(write(0, 10, 3));
    journal.sink().append(write(0, 10, 3));
    assertEquals(JournalException.Code.TRUNCATED, journalRefusal().code());
    journal.trim(5);
    assertEquals(JournalException.Code.TRIMMED, journalRefusal().code());
    Files.delete(path);
    registry.removeReplica("vol", "disk-host-a");
    assertEquals(JournalException.Code.TRIMMED, journalRefusal().code());
    assertFalse(Files.exists(path), "a trimmed journal made an image");
  }

  private JournalException journalRefusal() throws IOException {
    byte[] before = Files.exists(path) ? Files.readAllBytes(path) : null;
    JournalException e = assertThrows(JournalException.class, this::start);
    if (before != null) {
      assertArrayEquals(before, Files.readAllBytes(path));
    }
    return e;
  }

  @Test
  void aFileThatIsNoReplicaIsRefusedAndLeftAsItIs() throws Exception {
    Files.write(path, new byte[100_000]);
    Qcow2Exception e = assertThrows(Qcow2Exception.class, this::start);
    assertEquals(Qcow2Exception.Code.NOT_QCOW2, e.code());
    assertArrayEquals(new byte[100_000], Files.readAllBytes(path));
  }

  @Test
  void anImageThatIsHeldIsRefused() throws Exception {
    try (Replica replica = start()) {
      assertTrue(replica.awaitVisible(1, SOON));
      Qcow2Exception e = assertThrows(Qcow2Exception.class, this::start);
      assertEquals(Qcow2Exception.Code.IMAGE_IN_USE, e.code());
      sink.append(write(0, 10, 1));
      assertTrue(replica.awaitVisible(2, SOON), "the holder was disturbed");
    }
  }

  @Test
  void aNameThatIsAliveOnAnotherImageIsRefused() throws Exception {
    try (Replica replica = start()) {
      assertTrue(replica.awaitVisible(1, SOON));
      Path other = dir.resolve("other.qcow2");
      awaitStatus(State.RUNNING);
      ApplierException taken =
          refused(Code.NAME_IN_USE, ReplicaOptions.of(other).withName("disk-host-a"));
      // --replica names a single volume's replica: with several there is another way.
      for (String way : List.of("--replica", "HOSTNAME", "--match")) {
        assertTrue(taken.hint().contains(way), taken.hint());
      }
    }
  }

  private void awaitStatus(State state) throws Exception {
    long until = System.nanoTime() + SOON.toNanos();
    while (registry.replica("vol", "disk-host-a").map(s -> s.state() != state).orElse(true)) {
      assertTrue(System.nanoTime() < until, "never " + state);
      Thread.onSpinWait();
    }
  }

  @Test
  void aKnownReplicaWhoseImageIsGoneIsRebuiltOnlyWhenAskedTo() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    UUID before = status().incarnation();
    Files.delete(path);
    refused(Code.IMAGE_GONE, ReplicaOptions.of(path));
    try (Replica replica = start(ReplicaOptions.of(path).withRebuild(true))) {
      assertTrue(replica.awaitVisible(2, SOON));
    }
    assertNotEquals(before, status().incarnation());
  }

  @Test
  void anImageThatAnotherProcessIsMakingIsInUse() {
    ImageFiles raced =
        (file, create) -> {
          throw new NoSuchFileException(file.toString());
        };
    Qcow2Exception e =
        assertThrows(
            Qcow2Exception.class,
            () -> Replica.start(volume(), ReplicaOptions.of(path), ports(HERE, raced)).close());
    assertEquals(Qcow2Exception.Code.IMAGE_IN_USE, e.code());
    assertFalse(Files.exists(path));
  }

  @Test
  void aCopyOfAStoppedReplicaGoesOnFromItsPositionAsANewIncarnation() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    UUID before = status().incarnation();
    Path copy = dir.resolve("copy.qcow2");
    Files.copy(path, copy);
    sink.append(write(0, 10, 2));
    try (Replica replica = start(ReplicaOptions.of(copy).withName("second"))) {
      assertTrue(replica.awaitVisible(3, SOON));
      assertEquals(2, replica.report().fromOffset());
      assertArrayEquals(filled(10, 2), read(replica, 0, 10));
      assertEquals("second", replica.report().replica());
      assertNotEquals(before, replica.report().incarnation());
    }
    ReplicaState kept = stateOf(copy);
    assertEquals("second", kept.replica());
    assertNotEquals(before, kept.incarnation());
    runToTheEnd();
    assertEquals(before, status().incarnation(), "the source is who it was");
  }

  private static ReplicaState stateOf(Path image) throws IOException {
    try (ReplicaImage open = ReplicaImage.open(HostFile.openForWriting(image))) {
      return ReplicaState.decode(open.slot().payload());
    }
  }

  @Test
  void aCopyOfARunningReplicaIsRefusedUnlessTheSourceWasDead() throws Exception {
    Path copy = dir.resolve("copy.qcow2");
    leaveUnclean();
    Files.copy(path, copy);
    ReplicaOptions options = ReplicaOptions.of(copy).withName("second");
    assertTrue(refused(Code.COPIED_WHILE_RUNNING, options).hint().contains("--source-was-dead"));
    try (Replica replica = start(options.withSourceWasDead(true))) {
      assertTrue(replica.awaitVisible(journal.end(), SOON));
    }
    assertEquals("second", stateOf(copy).replica());
    runToTheEnd();
    assertEquals("disk-host-a", stateOf(path).replica(), "the source itself recovers");
  }

  @Test
  void aCopyWithOneSlotLostIsRefusedBecauseNobodyKnowsWhereItIs() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    Path copy = dir.resolve("copy.qcow2");
    Files.copy(path, copy);
    loseNewestSlot(copy);
    ReplicaOptions options = ReplicaOptions.of(copy).withName("second");
    refused(Code.COPIED_WHILE_RUNNING, options);
    try (Replica replica = start(options.withSourceWasDead(true))) {
      assertTrue(replica.awaitVisible(journal.end(), SOON));
    }
  }

  /** As kill -9 in the middle of a batch leaves it. */
  private void leaveUnclean() throws Exception {
    for (int i = 0; i < 20; i++) {
      sink.append(write(i * (long) CLUSTER, CLUSTER, i));
    }
    runToTheEnd();
    sink.append(write(100L * CLUSTER, CLUSTER, 99));
    sink.append(write(101L * CLUSTER, CLUSTER, 99));
    try (ReplicaImage image = ReplicaImage.open(HostFile.openForWriting(path))) {
      image.recover();
      ReplicaState state = ReplicaState.decode(image.slot().payload());
      var source = journal.source();
      source.seek(state.applied());
      List<JournalEntry> entries = source.poll(Duration.ZERO);
      image.commit(state.at(state.applied(), entries.getLast().after()).encode());
      var batch =
          image.begin(
              List.of(
                  new GuestChange.Write(
                      new GuestOffset(100L * CLUSTER), ByteBuffer.wrap(filled(CLUSTER, 99)))));
      batch.allocate();
      batch.writeData();
    }
  }

  @Test
  void anImageThatSomebodyElseWroteToIsRefused() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    long size = Files.size(path);
    Files.write(path, new byte[512], StandardOpenOption.APPEND);
    refused(Code.IMAGE_MODIFIED, ReplicaOptions.of(path));
    try (var channel = Files.newByteChannel(path, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
    refused(Code.IMAGE_MODIFIED, ReplicaOptions.of(path));
    Files.setLastModifiedTime(path, FileTime.from(status().witness().modified()));
    runToTheEnd();
  }

  @Test
  void anOlderCopyRestoredInPlaceGoesOnFromItsOwnPosition() throws Exception {
    sink.append(write(0, 10, 1));
    runToTheEnd();
    Path backup = dir.resolve("backup");
    Files.copy(path, backup);
    sink.append(write(0, 10, 2));
    runToTheEnd();
    Files.write(path, Files.readAllBytes(backup), StandardOpenOption.TRUNCATE_EXISTING);
    runToTheEnd();
    assertEquals(3, status().appliedOffset());
    Files.move(backup, path, StandardCopyOption.REPLACE_EXISTING);
    runToTheEnd();
    assertEquals(3, status().appliedOffset());
  }

  @Test
  void belowItsGateNothingIsRead() throws Exception {
    leaveUnclean();
    long gate = stateOf(path).minRecovery().nextOffset();
    refused(Code.POINT_PASSED, ReplicaOptions.of(path).withUntil(gate - 1));
    journal.setMaxPollRecords(1);
    try (Replica replica = start()) {
      replica.onVisible(offset -> assertTrue(offset >= gate));
      assertTrue(replica.awaitVisible(gate, SOON));
      assertArrayEquals(filled(CLUSTER, 99), read(replica, 101L * CLUSTER, CLUSTER));
    }
  }

  @Test
  void withOneSlotLostTheGateIsTheLogEndThoughAPollGivesNothing() throws Exception {
    leaveUnclean();
    sink.append(write(102L * CLUSTER, CLUSTER, 99));
    loseNewestSlot(path);
    for (long until = journal.end() - 2; until < journal.end(); until++) {
      ReplicaOptions options = ReplicaOptions.of(path).withUntil(until);
      ReplicaPorts ports = quietAtFirst();
      ApplierException e =
          assertThrows(ApplierException.class, () -> Replica.start(volume(), options, ports));
      assertEquals(Code.POINT_PASSED, e.code(), e.getMessage());
    }
    try (Replica replica = Replica.start(volume(), ReplicaOptions.of(path), quietAtFirst())) {
      assertTrue(replica.awaitVisible(journal.end(), SOON));
    }
  }

  private static void loseNewestSlot(Path image) throws IOException {
    try (BlockFile file = HostFile.openForWriting(image)) {
      PositionSlots slots = PositionSlots.read(Header.read(file), file.name());
      long newest = slots.newest().orElseThrow().generation();
      file.write(ByteBuffer.allocate(512), slots.placeOf(newest).bytes());
    }
  }

  /** As Kafka's source, which gives nothing in the poll that finds a broken tail's end. */
  private ReplicaPorts quietAtFirst() {
    IntentSource source = journal.source();
    AtomicBoolean quiet = new AtomicBoolean(true);
    InvocationHandler first =
        (_, method, arguments) -> {
          try {
            return method.getName().equals("poll") && quiet.getAndSet(false)
                ? List.of()
                : method.invoke(source, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    ReplicaPorts real = ports();
    return new ReplicaPorts(
        (IntentSource)
            Proxy.newProxyInstance(
                IntentSource.class.getClassLoader(), new Class<?>[] {IntentSource.class}, first),
        real.logs(),
        real.registry(),
        real.files(),
        real.host());
  }

  @Test
  void aFatalFaultEndsItFaultedWithReasonAndHint() throws Exception {
    sink.append(write(0, 10, 1));
    sink.append(write(0, 10, 2));
    journal.damage(2);
    try (Replica replica = start()) {
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> replica.done().get(20, TimeUnit.SECONDS));
      ApplierException why = (ApplierException) e.getCause();
      assertEquals(Code.FAULTED, why.code());
      assertTrue(why.getMessage().contains("DAMAGED_RECORD"), why.getMessage());
      assertThrows(ApplierException.class, () -> replica.awaitVisible(3, SOON));
    }
    assertEquals(State.FAULTED, status().state());
    assertEquals(2, status().appliedOffset());
    assertFalse(status().hint().isBlank());
  }

  @Test
  void aRegistryThatIsAwayDoesNotStopARunningReplica() throws Exception {
    try (Replica replica = start()) {
      registry.setAway(true);
      sink.append(write(0, 10, 1));
      assertTrue(replica.awaitVisible(2, SOON));
      registry.setAway(false);
    }
    assertEquals(State.STOPPED, status().state());
  }

  @Test
  void aReplayMakesAFreshImageThatAnApplyCanFollowFrom() throws Exception {
    sink.append(write(0, 100, 1));
    sink.append(snapshot(1, "s"));
    sink.append(write(0, 100, 2));
    Path output = dir.resolve("then.qcow2");
    ReplicaOptions options = ReplicaOptions.of(output).withUntil(3);
    ApplySummary summary = Replay.run(volume(), options, ports(), report -> {}, () -> false);
    assertEquals(output, summary.image());
    assertEquals(3, summary.appliedOffset());
    assertEquals(List.of(output), Files.list(dir).toList());
    assertEquals(List.of(), registry.replicas("vol"));
    ApplierException exists =
        assertThrows(
            ApplierException.class,
            () -> Replay.run(volume(), options, ports(), report -> {}, () -> false));
    assertEquals(Code.OUTPUT_EXISTS, exists.code());
    try (Replica replica = start(ReplicaOptions.of(output))) {
      assertTrue(replica.awaitVisible(4, SOON));
      assertEquals(3, replica.report().fromOffset());
      assertArrayEquals(filled(100, 2), read(replica, 0, 100));
    }
  }

  @Test
  void aReplayThatWasStoppedIsContinued() throws Exception {
    for (int i = 0; i < 50; i++) {
      sink.append(write(i * 1000L, 1000, i));
    }
    journal.setMaxPollRecords(5);
    Path output = dir.resolve("then.qcow2");
    ReplicaOptions options = ReplicaOptions.of(output).withUntil(51);
    int[] asked = {0};
    ApplierException stopped =
        assertThrows(
            ApplierException.class,
            () -> Replay.run(volume(), options, ports(), report -> {}, () -> asked[0]++ == 6));
    assertEquals(Code.STOPPED, stopped.code());
    assertFalse(Files.exists(output));
    assertTrue(Files.exists(dir.resolve("then.qcow2.partial")));
    ApplySummary summary = Replay.run(volume(), options, ports(), report -> {}, () -> false);
    assertTrue(summary.fromOffset() > 0, "began again from the start");
    assertEquals(51, summary.appliedOffset());
    assertFalse(Files.exists(dir.resolve("then.qcow2.partial")));
  }

  @Test
  void aReplayBeyondTheEndFailsAndMakesNothing() {
    Path output = dir.resolve("then.qcow2");
    ApplierException e =
        assertThrows(
            ApplierException.class,
            () ->
                Replay.run(
                    volume(),
                    ReplicaOptions.of(output).withUntil(100),
                    ports(),
                    report -> {},
                    () -> false));
    assertEquals(Code.POINT_BEYOND_END, e.code());
    assertFalse(e.refused());
    assertFalse(Files.exists(output));
  }

  @Test
  void aReplicaWithoutANameIsCalledAfterItsFileAndHost() {
    assertEquals("disk-host-a", ReplicaNames.of(Path.of("/x/disk.qcow2"), "host-a.example.org"));
    assertEquals("a-b-c-h", ReplicaNames.of(Path.of("a b.c.img"), "h"));
    assertEquals("hidden-h", ReplicaNames.of(Path.of(".hidden"), "h"));
    assertEquals(63, ReplicaNames.of(Path.of("n".repeat(200)), "h").length());
  }
}
