package dev.drover.system.command;

import static dev.drover.system.command.Replicas.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.nbd.client.NbdClient;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import dev.drover.qcow2.file.HostFile;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots are taken, dropped and gone back to, and the size changes, at one place of the journal
 * for every replica: the gateway's own, one that follows, and one that comes late.
 */
class SnapshotVerbsTest {
  private static final int MIB = 1 << 20;

  @TempDir Path folder;

  private InProcess drover;

  @Test
  void whatAVerbLeavesBehindWhereNobodyServesIsToldAsSuch() {
    drover.ok("volume", "create", "v", "--size", "1M");
    Drover.Outcome empty = drover.run("journal", "dump", "v").expect(0);
    assertEquals("", empty.out());
    assertTrue(empty.err().contains(" is empty"), empty.err());
    drover.ok("mark", "v", "m");
    String shown = drover.ok("volume", "show", "v");
    assertTrue(shown.contains("writer's image:      none, a verb had this epoch"), shown);

    long end = json(drover.ok("volume", "show", "v", "--json")).get("logEndOffset").asLong();
    for (long from : new long[] {end, end + 100}) {
      Drover.Outcome beyond = drover.run("journal", "dump", "v", "--from", from).expect(0);
      assertEquals("", beyond.out());
      String why = ".v.intents ends at offset %d: nothing is at %d\n".formatted(end, from);
      assertTrue(beyond.err().endsWith(why), beyond.err());
    }
    assertEquals("", drover.run("journal", "dump", "v", "--from", end - 1).expect(0).err());
    assertEquals("", drover.run("journal", "dump", "v", "--from", 1, "--to", 1).expect(0).err());
    drover.ok("volume", "delete", "v", "--yes");
  }

  @BeforeEach
  void start() {
    drover = new InProcess(EmbeddedKafka.shared(), folder);
  }

  @AfterEach
  void stop() {
    drover.close();
  }

  @Test
  void everyReplicaFollowsSnapshotsRevertsAndSizes() throws Exception {
    drover.ok("volume", "create", "v", "--size", "4M");
    InProcess.Running gateway = drover.serve("v", drover.file("a.qcow2"));
    InProcess.Running follower =
        drover.start("apply", "v", "--image", drover.file("b.qcow2"), "--replica", "b");
    long kept;
    try (NbdClient guest = NbdClient.connect(URI.create(gateway.uri()))) {
      fill(guest, 0, 1);
      kept = number(drover.ok("snapshot", "create", "v", "kept"));
      drover.ok("snapshot", "create", "v", "dropped");
      fill(guest, MIB, 2);
      drover.ok("volume", "resize", "v", "--size", "6M");
      assertEquals(4 * MIB, guest.sizeBytes(), "a client keeps the size that it was told");
    }
    whatAGatewayRefusesWhileItServes();
    try (NbdClient guest = connectWhenGrown(gateway, 6 * MIB)) {
      fill(guest, 5 * MIB, 3);
      drover.ok("snapshot", "delete", "v", "dropped");
      drover.ok("snapshot", "create", "v", "large");
      fill(guest, 0, 4);
    }
    gateway.stop();
    assertEquals(List.of("kept", "large"), listed());

    drover.run("volume", "resize", "v", "--size", "2M").expect(2);
    drover.ok("volume", "resize", "v", "--size", "2M", "--shrink");
    drover.ok("mark", "v", "small");
    drover.ok("snapshot", "revert", "v", "large");
    assertEquals(6 * MIB, shown("size"));
    drover.ok("snapshot", "revert", "v", "kept");
    assertEquals(4 * MIB, shown("size"));
    drover.ok("volume", "resize", "v", "--size", "8M");
    assertEquals("", drover.ok("volume", "resize", "v", "--size", "8M"), "it has that size");
    follower.stop();

    List<Path> replicas = new ArrayList<>();
    for (String name : List.of("a", "b", "c")) {
      replicas.add(drover.file(name + ".qcow2"));
      drover.ok("apply", "v", "--image", replicas.getLast(), "--until", "end");
    }
    for (Path replica : replicas) {
      assertCheckedAndLike(replicas.getFirst(), replica, kept);
    }
    Path small = drover.file("small.qcow2");
    drover.ok("replay", "v", "--output", small, "--until", "mark:small", "--cluster-size", "4K");
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForReading(small), true)) {
      assertEquals(2 * MIB, image.virtualSizeBytes());
      assertEquals(4, read(image, 0));
      assertEquals(2, read(image, MIB));
    }
  }

  private void whatAGatewayRefusesWhileItServes() {
    Drover.Outcome revert = drover.run("snapshot", "revert", "v", "kept").expect(3);
    assertTrue(revert.err().contains("volume v is served by"), revert.err());
    assertTrue(revert.err().contains("stop it first"), revert.err());
    drover.run("volume", "resize", "v", "--size", "1M", "--shrink").expect(3);
  }

  /** The gateway grows when its own image has; asking again is all that a client can do. */
  private NbdClient connectWhenGrown(InProcess.Running gateway, long size) {
    return Await.value(
        Duration.ofSeconds(20),
        () -> {
          try {
            NbdClient client = NbdClient.connect(URI.create(gateway.uri()));
            if (client.sizeBytes() == size) {
              return Optional.of(client);
            }
            client.close();
            return Optional.empty();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        () -> "the export does not grow\n" + gateway.said());
  }

  private void assertCheckedAndLike(Path first, Path replica, long kept) throws IOException {
    try (HostFile file = HostFile.openForReading(replica)) {
      CheckReport check = ImageCheck.check(file, ImageCheck.Repair.NONE);
      assertEquals(0, check.corruptions() + check.leaks(), replica + ": " + check);
    }
    drover.ok("verify", first, replica);
    JsonNode same = json(drover.ok("verify", first, replica, "--snapshot", "kept", "--json"));
    assertEquals(kept + 1, same.get("offsets").get(1).asLong(), "its own place in the journal");
    drover.ok("verify", first, replica, "--snapshot", "large");
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForReading(replica), true)) {
      assertEquals(8 * MIB, image.virtualSizeBytes());
      assertEquals(
          List.of("kept", "large"), image.snapshots().stream().map(SnapshotInfo::name).toList());
      assertEquals(1, read(image, 0));
      assertEquals(0, read(image, MIB));
      assertEquals(0, read(image, 5 * MIB));
    }
  }

  @Test
  void whatIsNotThereOrCannotBeMeantIsToldInOneLine() {
    drover.ok("volume", "create", "v", "--size", "4M");
    for (String verb : List.of("delete", "revert")) {
      Drover.Outcome missing = drover.run("snapshot", verb, "v", "ghost").expect(1);
      assertEquals(
          "drover: volume v has no snapshot ghost; see 'drover snapshot list v'",
          missing.err().strip());
      drover.run("snapshot", verb, "v", "no/name").expect(2);
      drover.run("snapshot", verb, "ghost", "s").expect(1);
      drover.run("snapshot", verb, "v").expect(2);
    }
    for (String size : List.of("0", "-1", "ten", "8E", "9223372036854775808")) {
      Drover.Outcome wrong = drover.run("volume", "resize", "v", "--size=" + size).expect(2);
      assertTrue(wrong.err().contains(size), wrong.err());
    }
    drover.run("volume", "resize", "v").expect(2);
    drover.run("volume", "resize", "ghost", "--size", "8M").expect(1);
    Drover.Outcome unconfirmed = drover.run("volume", "resize", "v", "--size", "1M").expect(2);
    assertTrue(unconfirmed.err().contains("--shrink"), unconfirmed.err());
    assertEquals(4 * MIB, shown("size"));
    assertEquals(0, shown("logEndOffset"), "none of it has written a record");
  }

  @Test
  void ofTwoSnapshotsWithOneNameTheNewestGoesFirst() {
    drover.ok("volume", "create", "v", "--size", "1M");
    long first = number(drover.ok("snapshot", "create", "v", "s"));
    drover.ok("snapshot", "create", "v", "s");
    drover.ok("snapshot", "delete", "v", "s");
    JsonNode left = json(drover.ok("snapshot", "list", "v", "--json")).get("snapshots");
    assertEquals(1, left.size());
    assertEquals(first, left.get(0).get("offset").asLong());
    drover.ok("snapshot", "delete", "v", "s");
    JsonNode dumped = json(lastLine(drover.ok("journal", "dump", "v", "--json")));
    assertEquals("summary", dumped.get("type").asText());
    assertEquals(shown("logEndOffset"), dumped.get("records").asLong());
    drover.run("snapshot", "delete", "v", "s").expect(1);
    assertThrows(AssertionError.class, () -> drover.ok("snapshot", "revert", "v", "s"));
  }

  private List<String> listed() {
    List<String> names = new ArrayList<>();
    json(drover.ok("snapshot", "list", "v", "--json"))
        .get("snapshots")
        .forEach(each -> names.add(each.get("name").asText()));
    return names;
  }

  private long shown(String field) {
    if (field.equals("size")) {
      listed(); // reads the journal to its end; 'volume show' alone does not
    }
    return json(drover.ok("volume", "show", "v", "--json")).get(field).asLong();
  }

  private static String lastLine(String text) {
    return text.lines().toList().getLast();
  }

  private static long number(String text) {
    return Long.parseLong(text);
  }

  private static void fill(NbdClient guest, long offset, int value) throws IOException {
    byte[] bytes = new byte[100_000 / 512 * 512];
    Arrays.fill(bytes, (byte) value);
    NbdClient.await(guest.write(offset, ByteBuffer.wrap(bytes), true));
  }

  private static int read(Qcow2Image image, long offset) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    image.read(new GuestOffset(offset), one);
    return one.get(0);
  }
}
