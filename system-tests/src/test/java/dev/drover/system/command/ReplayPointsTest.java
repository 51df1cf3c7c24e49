package dev.drover.system.command;

import static dev.drover.system.command.Replicas.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A past moment is the same image, wherever its replay begins. */
class ReplayPointsTest {
  private static final int MIB = 1 << 20;

  @TempDir Path folder;

  private InProcess drover;
  private Path atEnd;
  private long mark;
  private String afterMark;

  @BeforeEach
  void write() throws Exception {
    drover = new InProcess(EmbeddedKafka.shared(), folder);
    drover.ok("volume", "create", "v", "--size", "2M");
    atEnd = drover.file("a.qcow2");
    InProcess.Running gateway = drover.serve("v", atEnd, "--replica", "a");
    try (NbdClient guest = NbdClient.connect(URI.create(gateway.uri()))) {
      fill(guest, 0, 1);
      drover.ok("snapshot", "create", "v", "one");
      fill(guest, 0, 2);
      mark = Long.parseLong(drover.ok("mark", "v", "m"));
      afterMark = stamped(mark);
      fill(guest, MIB, 3);
      drover.ok("snapshot", "create", "v", "two");
      fill(guest, 0, 4);
    }
    gateway.stop();
    drover.ok("apply", "v", "--image", atEnd, "--until", "end");
  }

  @AfterEach
  void stop() {
    drover.close();
  }

  @Test
  void everyKindOfPointFromTheBeginningAndFromAnotherReplica() throws Exception {
    Path old = drover.file("old.qcow2");
    drover.ok("replay", "v", "--output", old, "--until", "snapshot:one");
    for (String point : List.of("end", "time:" + afterMark, "snapshot:two")) {
      String name = point.replaceAll("[^a-z]", "-");
      Path whole = drover.file(name + ".qcow2");
      Path begun = drover.file(name + "-base.qcow2");
      JsonNode planned = summary(replay(whole, point, "--dry-run"));
      JsonNode done = summary(replay(whole, point));
      assertEquals(planned.get("untilOffset"), done.get("appliedOffset"), point);
      assertEquals(planned.get("intents"), done.get("intents"), point);
      assertEquals(planned.get("bytes"), done.get("bytes"), point);
      assertEquals(0, done.get("fromOffset").asLong());
      JsonNode shorter = summary(replay(begun, point, "--base", old));
      assertTrue(shorter.get("fromOffset").asLong() > 0, shorter.toString());
      assertEquals(done.get("appliedOffset"), shorter.get("appliedOffset"));
      assertAlike(whole, begun);
    }
    drover.ok("verify", drover.file("end.qcow2"), atEnd);
    for (String point : List.of("mark:m", "offset:" + (mark + 1), "time:" + afterMark)) {
      JsonNode plan = summary(replay(drover.file("x.qcow2"), point, "--dry-run"));
      assertEquals(mark + 1, plan.get("untilOffset").asLong(), point);
    }
  }

  @Test
  void aBaseBeyondThePointIsBegunFromItsLatestSnapshotBelow() throws Exception {
    Set<Path> before = files();
    JsonNode plan = summary(replay(drover.file("b.qcow2"), "mark:m", "--base", atEnd, "--dry-run"));
    assertEquals("one", plan.get("snapshot").asText());
    assertEquals(before, files(), "a dry run writes nothing");
    Files.writeString(drover.file("b.qcow2.partial.new"), "what a killed copy has left");
    JsonNode done = summary(replay(drover.file("b.qcow2"), "mark:m", "--base", atEnd));
    assertEquals(plan.get("fromOffset"), done.get("fromOffset"));
    assertEquals(plan.get("intents"), done.get("intents"));
    replay(drover.file("c.qcow2"), "mark:m");
    assertAlike(drover.file("c.qcow2"), drover.file("b.qcow2"));
    assertEquals(List.of("one"), snapshots(drover.file("b.qcow2")));
    drover.ok("verify", drover.file("b.qcow2"), atEnd, "--snapshot", "one");

    drover.ok("apply", "v", "--image", drover.file("b.qcow2"), "--until", "end");
    assertAlike(atEnd, drover.file("b.qcow2"));
  }

  @Test
  void anApplyBeginsFromAnotherReplicaTooAndGoesOnFromItself() throws Exception {
    Path then = drover.file("then.qcow2");
    Object[] apply = {"apply", "v", "--base", atEnd, "--json", "--image", then, "--until"};
    Files.writeString(drover.file("then.qcow2.new"), "what a killed copy has left");
    JsonNode done = summary(drover.run(with(apply, "mark:m")).expect(0));
    assertTrue(done.get("fromOffset").asLong() > 0, done.toString());
    assertEquals(mark + 1, done.get("appliedOffset").asLong());
    replay(drover.file("c.qcow2"), "mark:m");
    assertAlike(drover.file("c.qcow2"), then);

    Files.createLink(drover.file("then.qcow2.new"), then); // killed between the two names
    done = summary(drover.run(with(apply, "end")).expect(0));
    assertEquals(mark + 1, done.get("fromOffset").asLong());
    assertFalse(Files.exists(drover.file("then.qcow2.new")));
    assertAlike(atEnd, then);

    Drover.Outcome passed = drover.run(with(apply, "mark:m")).expect(3);
    assertTrue(passed.err().contains("--base with this one"), passed.err());
    Path whole = drover.file("whole.qcow2");
    apply[6] = whole;
    done = summary(drover.run(with(apply, "end")).expect(0));
    assertEquals(0, done.get("intents").asLong());
    assertAlike(atEnd, whole);
    drover.run("apply", "v=" + then, "--base", atEnd).expect(2);
  }

  private static Object[] with(Object[] command, Object... more) {
    return Stream.concat(Stream.of(command), Stream.of(more)).toArray();
  }

  @Test
  void aSnapshotWillNotDoIfAnotherThatLivedThereIsGone() {
    drover.ok("snapshot", "delete", "v", "one");
    drover.ok("apply", "v", "--image", atEnd, "--until", "end");
    Path output = drover.file("b.qcow2");
    Drover.Outcome refused = drover.run(command(output, "snapshot:two", "--base", atEnd)).expect(3);
    assertTrue(refused.err().contains("no snapshot of it can be begun from"), refused.err());
    assertFalse(Files.exists(output));
    assertFalse(Files.exists(drover.file("b.qcow2.partial")));
    assertFalse(Files.exists(drover.file("b.qcow2.partial.new")));
  }

  @Test
  void anUnfinishedReplayGoesOnWhereItWas() throws Exception {
    Path output = drover.file("b.qcow2");
    replay(drover.file("half.qcow2"), "mark:m");
    Files.move(drover.file("half.qcow2"), drover.file("b.qcow2.partial"));
    for (Object[] below :
        List.of(command(output, "offset:1"), command(output, "offset:1", "--dry-run"))) {
      Drover.Outcome passed = drover.run(below).expect(3);
      assertTrue(passed.err().contains("remove " + output + ".partial"), passed.err());
    }
    JsonNode plan = summary(replay(output, "end", "--dry-run"));
    assertEquals(mark + 1, plan.get("fromOffset").asLong());
    JsonNode done = summary(replay(output, "end"));
    assertEquals(mark + 1, done.get("fromOffset").asLong());
    assertAlike(atEnd, output);
  }

  @Test
  void whatCannotBeABaseIsToldInOneLine() throws Exception {
    Path output = drover.file("b.qcow2");
    drover.run(command(output, "end", "--base", drover.file("ghost.qcow2"))).expect(1);
    Path notQcow2 = Files.write(drover.file("plain.bin"), new byte[70_000]);
    drover.run(command(output, "end", "--base", notQcow2)).expect(1);
    drover.ok("volume", "create", "w", "--size", "2M");
    Path foreign = drover.file("w.qcow2");
    drover.ok("apply", "w", "--image", foreign, "--until", "end");
    Path other = drover.file("other.qcow2");
    drover.run("apply", "v", "--image", other, "--base", foreign).expect(3);
    drover.run("apply", "v", "--image", other, "--base", drover.file("ghost.qcow2")).expect(1);
    assertFalse(Files.exists(other));
    drover.run(command(output, "end", "--base", foreign)).expect(3);
    drover.run(command(atEnd, "end", "--dry-run")).expect(3);
    drover.run(command(output, "offset:999999", "--dry-run")).expect(1);
    drover.run(command(output, "time:tomorrow", "--dry-run")).expect(2);
    InProcess.Running holder = drover.serve("v", atEnd, "--replica", "a");
    Drover.Outcome held = drover.run(command(output, "end", "--base", atEnd)).expect(3);
    assertTrue(held.err().contains("a.qcow2"), held.err());
    holder.stop();
    assertFalse(Files.exists(output));
  }

  private Object[] command(Path output, String point, Object... more) {
    return Stream.concat(
            Stream.of("replay", "v", "--output", output, "--until", point), Stream.of(more))
        .toArray();
  }

  private Drover.Outcome replay(Path output, String point, Object... more) {
    Object[] json = Stream.concat(Stream.of(more), Stream.of("--json")).toArray();
    return drover.run(command(output, point, json)).expect(0);
  }

  private static JsonNode summary(Drover.Outcome outcome) {
    JsonNode last = json(outcome.out().lines().toList().getLast());
    assertEquals("summary", last.get("type").asText());
    return last;
  }

  private void assertAlike(Path expected, Path actual) throws IOException {
    drover.ok("verify", expected, actual);
    assertEquals(snapshots(expected), snapshots(actual));
    try (HostFile file = HostFile.openForReading(actual)) {
      CheckReport check = ImageCheck.check(file, ImageCheck.Repair.NONE);
      assertEquals(0, check.corruptions() + check.leaks(), actual + ": " + check);
    }
  }

  private static List<String> snapshots(Path path) throws IOException {
    try (Qcow2Image image = Qcow2Image.open(HostFile.openForReading(path), true)) {
      image.read(new GuestOffset(0), ByteBuffer.allocate(512));
      return image.snapshots().stream().map(SnapshotInfo::name).toList();
    }
  }

  private Set<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.collect(Collectors.toCollection(TreeSet::new));
    }
  }

  /** When the record at this offset was stamped; nothing later was stamped in the same moment. */
  private String stamped(long offset) {
    String line = drover.ok("journal", "dump", "v", "--from", offset, "--to", offset + 1, "--json");
    Await.pause(Duration.ofMillis(5));
    return json(line.lines().findFirst().orElseThrow()).get("time").asText();
  }

  private static void fill(NbdClient guest, long offset, int value) throws IOException {
    byte[] bytes = new byte[100_000 / 512 * 512];
    Arrays.fill(bytes, (byte) value);
    NbdClient.await(guest.write(offset, ByteBuffer.wrap(bytes), true));
  }
}
