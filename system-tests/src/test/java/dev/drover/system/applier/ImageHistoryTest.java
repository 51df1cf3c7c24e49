package dev.drover.system.applier;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.applier.ApplierException;
import dev.drover.applier.ApplierException.Code;
import dev.drover.applier.ImagePosition;
import dev.drover.applier.Replica;
import dev.drover.applier.ReplicaOptions;
import dev.drover.journal.ReplicaStatus;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What people and programs do to an image between two runs of its replica, on real files and a real
 * broker: what is still the journal's goes on from its own position; what is not is refused, and
 * not a byte of it is changed.
 */
@RequiresTools({"qemu-img", "qemu-io"})
final class ImageHistoryTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path folder;

  private TestVolume volume;
  private GuestDisk disk;
  private ReplicaOptions options;

  @BeforeEach
  void writeAndFollow() throws Exception {
    volume = new TestVolume(EmbeddedKafka.shared(), 8 << 20);
    disk = new GuestDisk(volume, 1);
    options = ReplicaOptions.of(folder.resolve("a.qcow2")).withName("a");
    disk.write(40);
    volume.followToEnd(options);
  }

  @AfterEach
  void close() {
    volume.close();
  }

  @Test
  void anImageRestoredFromAnOlderCopyGoesOnFromThere() throws Exception {
    Path backup = Files.copy(options.image(), folder.resolve("backup.qcow2"));
    disk.write(40);
    volume.followToEnd(options);
    Files.delete(options.image());
    Files.move(backup, options.image());
    long older = position(options.image()).applied().nextOffset();

    disk.write(40);
    try (Replica replica = volume.start(options)) {
      assertEquals(older, replica.summary().fromOffset());
      replica.awaitVisible(replica.report().logEndOffset(), SOON);
    }
    volume.followToEnd(options);
    disk.assertOn(options.image());
  }

  @Test
  void aCopyOfAStoppedReplicaStartsAsANewOne() throws Exception {
    Path copy = Files.copy(options.image(), folder.resolve("b.qcow2"));
    UUID original = position(options.image()).incarnation();
    disk.write(40);
    volume.followToEnd(ReplicaOptions.of(copy).withName("b"));
    volume.followToEnd(options);
    disk.assertOn(copy);
    disk.assertOn(options.image());
    assertEquals(original, position(options.image()).incarnation());
    assertNotEquals(original, position(copy).incarnation());
    List<String> known =
        volume.registry().replicas(TestVolume.NAME).stream().map(ReplicaStatus::replica).toList();
    assertEquals(List.of("a", "b"), known);
  }

  @Test
  void aCopyOfALiveReplicaIsRefusedUntouched() throws Exception {
    Path copy = folder.resolve("b.qcow2");
    try (Replica replica = volume.start(options)) {
      long last = disk.write(40);
      assertTrue(replica.awaitVisible(last + 1, SOON));
      // Between the last allocation and the first idle moment the image is not clean.
      do {
        replica.awaitVisible(disk.write(5) + 1, SOON);
        Files.deleteIfExists(copy);
        Files.copy(options.image(), copy);
      } while (position(copy).clean());
      assertEquals(Code.COPIED_WHILE_RUNNING, refused(copy, "b"));
      assertEquals(Code.COPIED_WHILE_RUNNING, refused(copy, "a"));
    }
    volume.followToEnd(options);
    disk.assertOn(options.image());
  }

  @Test
  void aCopyOfALiveReplicaThatWasIdleStartsAsANewOneUnderAnotherName() throws Exception {
    Path copy = folder.resolve("b.qcow2");
    try (Replica replica = volume.start(options)) {
      assertTrue(replica.awaitVisible(disk.write(40) + 1, SOON));
      long until = System.nanoTime() + SOON.toNanos();
      do {
        assertTrue(System.nanoTime() < until, "never idle");
        Files.deleteIfExists(copy);
        Files.copy(options.image(), copy);
      } while (!position(copy).clean());
      byte[] before = Files.readAllBytes(copy);
      ReplicaOptions sameName = ReplicaOptions.of(copy).withName("a");
      ApplierException e =
          assertThrows(ApplierException.class, () -> volume.start(sameName).close());
      assertEquals(Code.NAME_IN_USE, e.code());
      assertArrayEquals(before, Files.readAllBytes(copy));
      disk.write(40);
      volume.followToEnd(ReplicaOptions.of(copy).withName("b"));
      disk.assertOn(copy);
    }
    volume.followToEnd(options);
    disk.assertOn(options.image());
    assertNotEquals(position(options.image()).incarnation(), position(copy).incarnation());
  }

  @Test
  void anImageThatQemuIoWroteToIsRefusedUntouched() throws Exception {
    Qemu.io(options.image(), "write -P 0x5a 64k 4k").orFail();
    disk.write(10);
    assertModified();
  }

  @Test
  void anImageThatQemuIoOnlyOpenedForWritingIsRefusedUntouched() throws Exception {
    Qemu.io(options.image(), "flush").orFail();
    disk.write(10);
    assertModified();
  }

  @Test
  void anImageChangedByQemuImgCommitIsRefusedUntouched() throws Exception {
    Path overlay = folder.resolve("overlay.qcow2");
    Qemu.img("create", "-f", "qcow2", "-b", options.image(), "-F", "qcow2", overlay).orFail();
    Qemu.io(overlay, "write -P 0x5a 64k 4k").orFail();
    Qemu.img("commit", overlay).orFail();
    disk.write(10);
    assertModified();
  }

  private void assertModified() throws Exception {
    byte[] before = Files.readAllBytes(options.image());
    Exception e = assertThrows(Exception.class, () -> volume.start(options).close());
    String code =
        switch (e) {
          case ApplierException applier -> applier.code().name();
          case Qcow2Exception image -> image.code().name();
          default -> throw e;
        };
    assertTrue(List.of("IMAGE_MODIFIED", "MODIFIED").contains(code), e.toString());
    assertTrue(e.getMessage().contains("a.qcow2"), e.getMessage());
    assertArrayEquals(before, Files.readAllBytes(options.image()));
    // Under another path the journal still gives the whole disk.
    ReplicaOptions anew = ReplicaOptions.of(folder.resolve("c.qcow2")).withName("c");
    volume.followToEnd(anew);
    disk.assertOn(anew.image());
  }

  private Code refused(Path image, String name) throws IOException {
    byte[] before = Files.readAllBytes(image);
    ApplierException e =
        assertThrows(
            ApplierException.class,
            () -> volume.start(ReplicaOptions.of(image).withName(name)).close());
    assertTrue(e.getMessage().contains(image.toString()), e.getMessage());
    assertArrayEquals(before, Files.readAllBytes(image));
    return e.code();
  }

  private static ImagePosition position(Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      return ImagePosition.read(file);
    }
  }
}
