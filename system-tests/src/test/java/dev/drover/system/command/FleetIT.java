package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.applier.ImageFiles;
import dev.drover.nbd.client.NbdClient;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many volumes in one process: none of them holds up, or takes down, another. */
@Timeout(120)
final class FleetIT {
  private static final Duration SOON = Duration.ofSeconds(40);
  private static final Pattern HEALTH = Pattern.compile("health and metrics on (http://\\S+)/\\R");
  private static final int VOLUMES = 20;
  private static final String DAMAGED = "web-7";
  private static final String SLOW = "web-3";
  private static final String LATER = "web-20";

  @TempDir Path folder;
  private final HttpClient client = HttpClient.newHttpClient();

  /** Files of which one hangs in its first fdatasync until the test lets go. */
  private static ImageFiles hangingAt(Path slow, CountDownLatch go) {
    return (path, create) -> {
      BlockFile file = ImageFiles.HOST.open(path, create);
      return path.equals(slow) ? hanging(file, go) : file;
    };
  }

  private static BlockFile hanging(BlockFile file, CountDownLatch go) {
    return (BlockFile)
        Proxy.newProxyInstance(
            BlockFile.class.getClassLoader(),
            new Class<?>[] {BlockFile.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("sync")) {
                go.await();
              }
              try {
                return method.invoke(file, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static List<String> names() {
    return IntStream.range(0, VOLUMES).mapToObj(i -> "web-" + i).toList();
  }

  /** Each volume's one replica as a process of its own sees it. */
  private static Map<String, JsonNode> fleet(Drover drover) {
    Map<String, JsonNode> replicas = new TreeMap<>();
    JsonNode status = Replicas.json(drover.run("status", "--json").out());
    for (JsonNode volume : status.get("volumes")) {
      volume.get("replicas").forEach(replica -> replicas.put(volume.get("name").asText(), replica));
    }
    return replicas;
  }

  private static String text(JsonNode object, String field) {
    JsonNode value = object == null ? null : object.get(field);
    return value == null ? "" : value.asText();
  }

  private static boolean isRunning(JsonNode replica) {
    return text(replica, "state").equals("RUNNING") && replica.get("lagRecords").asLong() == 0;
  }

  private HttpResponse<String> get(String address) {
    try {
      return client.send(
          HttpRequest.newBuilder(URI.create(address)).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** What the process itself says of its volumes. */
  private Map<String, JsonNode> within(String http) {
    Map<String, JsonNode> volumes = new TreeMap<>();
    JsonNode status = Replicas.json(get(http + "/status").body());
    status.get("volumes").forEach(volume -> volumes.put(text(volume, "volume"), volume));
    return volumes;
  }

  private static boolean othersAreDone(Map<String, JsonNode> volumes) {
    return names().stream()
        .filter(name -> !name.equals(DAMAGED) && !name.equals(SLOW))
        .allMatch(name -> isRunning(volumes.get(name)));
  }

  @Test
  void aDamagedJournalAndASlowDiskHoldUpNoOtherVolume() throws Exception {
    EmbeddedKafka kafka = EmbeddedKafka.shared();
    CountDownLatch go = new CountDownLatch(1);
    Path images = Files.createDirectory(folder.resolve("images"));
    try (Drover drover = new Drover(kafka, folder);
        ManyVolumes volumes = new ManyVolumes(kafka.settings(drover.prefix()))) {
      volumes.make(names());
      volumes.damage(DAMAGED);
      try (InProcess inside = inside(kafka, drover)) {
        InProcess.Running fleet =
            inside.startOn(
                hangingAt(images.resolve(SLOW + ".qcow2"), go),
                "apply",
                "--dir",
                images,
                "--match",
                "web-*",
                "--http",
                "127.0.0.1:0",
                "--json");
        othersAreDoneWhileOneHangsAndOneIsFaulted(fleet, drover, address(fleet));
        go.countDown();
        volumes.make(List.of(LATER));
        fleet.awaitObject(said -> text(said, "volume").equals(LATER));
        Await.until(
            SOON,
            () -> isRunning(fleet(drover).get(SLOW)) && isRunning(fleet(drover).get(LATER)),
            fleet::said);
        assertEquals(3, fleet.end(), fleet.said());
        JsonNode last = fleet.objects().getLast();
        assertEquals("error", text(last, "type"), fleet.said());
        assertTrue(text(last, "message").startsWith("1 of 21 volumes"), last.toString());
      }
      for (String name : names()) {
        if (!name.equals(DAMAGED)) {
          volumes.assertApplied(name, images.resolve(name + ".qcow2"));
        }
      }
      volumes.assertApplied(LATER, images.resolve(LATER + ".qcow2"));
    }
  }

  /** Where it says that it answers. */
  private static String address(InProcess.Running fleet) {
    Matcher said =
        Await.value(
            SOON,
            () -> Optional.of(HEALTH.matcher(fleet.said())).filter(Matcher::find),
            fleet::said);
    return said.group(1);
  }

  private void othersAreDoneWhileOneHangsAndOneIsFaulted(
      InProcess.Running fleet, Drover drover, String http) {
    JsonNode fault = fleet.awaitObject(said -> text(said, "type").equals("fault"));
    assertEquals(DAMAGED, text(fault, "volume"), fault.toString());
    Await.until(SOON, () -> othersAreDone(within(http)), fleet::said);
    Await.until(SOON, () -> othersAreDone(fleet(drover)), fleet::said);
    Map<String, JsonNode> seen = fleet(drover);
    drover.run("status").expect(3);
    for (String name : names()) {
      JsonNode replica = seen.get(name);
      switch (name) {
        case DAMAGED -> {
          assertEquals("FAULTED", text(replica, "state"), replica.toString());
          assertTrue(text(replica, "reason").contains("damaged"), replica.toString());
          assertFalse(text(replica, "hint").isEmpty(), replica.toString());
        }
        case SLOW -> assertNotEquals("RUNNING", text(replica, "state"), replica.toString());
        default -> assertTrue(isRunning(replica), () -> name + ": " + replica);
      }
    }
    assertEquals(503, get(http + "/readyz").statusCode());
    assertTrue(get(http + "/readyz").body().contains(DAMAGED + ": FAULTED"));
    assertEquals(200, get(http + "/livez").statusCode());
    assertTrue(get(http + "/metrics").body().contains("volume=\"web-19\""));
    assertEquals(VOLUMES, Replicas.json(get(http + "/status").body()).get("volumes").size(), http);
  }

  @Test
  void threeVolumesAreServedBehindOneListenerThoughTheJournalOfAFourthIsDamaged() throws Exception {
    EmbeddedKafka kafka = EmbeddedKafka.shared();
    List<String> served = List.of("a", "b", "c");
    try (Drover drover = new Drover(kafka, folder);
        ManyVolumes volumes = new ManyVolumes(kafka.settings(drover.prefix()))) {
      volumes.make(List.of("a", "b", "c", "broken"));
      List<Object> verb = new ArrayList<>(List.of("serve"));
      for (String name : List.of("a", "b", "c", "broken")) {
        verb.add(name + "=" + folder.resolve(name + ".qcow2"));
      }
      verb.addAll(List.of("--listen", "127.0.0.1:0", "--json"));
      try (InProcess inside = inside(kafka, drover)) {
        InProcess.Running gateway = inside.start(verb.toArray());
        ManyVolumes.inParallel(served, name -> writeThrough(gateway, volumes, name));
        volumes.damage("broken");
        gateway.awaitObject(
            said -> text(said, "type").equals("fault") && text(said, "volume").equals("broken"));
        ManyVolumes.inParallel(served, name -> writeThrough(gateway, volumes, name));
        Await.until(
            SOON,
            () -> served.stream().allMatch(name -> isRunning(fleet(drover).get(name))),
            gateway::said);
        JsonNode broken = fleet(drover).get("broken");
        assertFalse(isRunning(broken), broken.toString());
        assertTrue(text(broken, "reason").contains("damaged"), broken.toString());
        assertEquals(3, gateway.end(), gateway.said());
      }
      for (String name : served) {
        volumes.assertApplied(name, folder.resolve(name + ".qcow2"));
      }
    }
  }

  @Test
  void aVolumeThatGoesOnAfterAFaultIsSaidToRunAgain() throws Exception {
    EmbeddedKafka kafka = EmbeddedKafka.shared();
    Path image = folder.resolve("a.qcow2");
    try (Drover drover = new Drover(kafka, folder);
        ManyVolumes volumes = new ManyVolumes(kafka.settings(drover.prefix()))) {
      volumes.make(List.of("a", "b"));
      try (InProcess inside = inside(kafka, drover)) {
        InProcess.Running alone = inside.start("apply", "a", "--image", image);
        alone.awaitSaid("apply: volume a");
        String b = "b=" + folder.resolve("b.qcow2");
        InProcess.Running people = inside.start("apply", "a=" + image, b);
        people.awaitSaid("volume a: ");
        alone.stop();
        people.awaitSaid("volume a: running again");
        InProcess.Running programs = inside.start("apply", "a=" + image, b, "--json");
        programs.awaitObject(said -> text(said, "type").equals("fault"));
        people.stop();
        for (String name : List.of("a", "b")) {
          programs.awaitObject(
              said -> text(said, "type").equals("resumed") && text(said, "volume").equals(name));
        }
      }
    }
  }

  @Test
  void aFleetWhoseBrokersAreAwayStopsWellWithinItsTime() throws Exception {
    List<String> names = List.of("a", "b", "c");
    try (EmbeddedKafka own = EmbeddedKafka.start(1);
        Drover drover = new Drover(own, folder);
        ManyVolumes volumes = new ManyVolumes(own.settings(drover.prefix()))) {
      volumes.make(names);
      List<Object> verb = new ArrayList<>(List.of("apply", "--json"));
      names.forEach(name -> verb.add(name + "=" + folder.resolve(name + ".qcow2")));
      InProcess.Running fleet = inside(own, drover).start(verb.toArray());
      for (String name : names) {
        fleet.awaitObject(
            said -> text(said, "volume").equals(name) && text(said, "state").equals("RUNNING"));
      }
      own.stopBroker(0);
      long asked = System.nanoTime();
      fleet.end();
      Duration took = Duration.ofNanos(System.nanoTime() - asked);
      assertTrue(took.compareTo(Duration.ofSeconds(22)) < 0, took + "\n" + fleet.said());
      for (String name : names) { // settled, though nobody could be told
        try (var file = HostFile.openForReading(folder.resolve(name + ".qcow2"))) {
          assertTrue(ImageCheck.check(file, ImageCheck.Repair.NONE).isClean(), name);
        }
      }
    }
  }

  private InProcess inside(EmbeddedKafka kafka, Drover drover) {
    Map<String, String> environment =
        Map.of(
            "DROVER_BOOTSTRAP_SERVERS", kafka.bootstrapServers(), "DROVER_PREFIX", drover.prefix());
    return new InProcess(environment, folder);
  }

  /** A guest of one of the volumes writes, flushes and reads back. */
  private static void writeThrough(InProcess.Running gateway, ManyVolumes volumes, String name)
      throws IOException {
    JsonNode ready =
        gateway.awaitObject(
            said -> text(said, "type").equals("ready") && text(said, "volume").equals(name));
    try (NbdClient guest = NbdClient.connect(URI.create(text(ready, "uri")))) {
      for (int i = 0; i < 20; i++) {
        byte[] data = new byte[5000 + i];
        Arrays.fill(data, (byte) (name.charAt(0) + i));
        NbdClient.await(guest.write(i * 40_000L, ByteBuffer.wrap(data.clone()), false));
        volumes.written(name, i * 40_000, data);
      }
      NbdClient.await(guest.flush());
      ByteBuffer read = NbdClient.await(guest.read(19 * 40_000L, 1));
      assertEquals((byte) (name.charAt(0) + 19), read.get());
    }
  }
}
