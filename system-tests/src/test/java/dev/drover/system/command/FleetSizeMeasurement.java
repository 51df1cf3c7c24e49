package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Measures what idle volumes cost one process: the figures of docs/operating.md. Run by name. */
@Timeout(600)
final class FleetSizeMeasurement {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration IDLE = Duration.ofSeconds(20);

  @TempDir Path folder;

  private static Map<String, String> processStatus(long pid) throws IOException {
    Map<String, String> status = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      String[] pair = line.split(":\\s*", 2);
      status.put(pair[0], pair[1]);
    }
    return status;
  }

  private static long descriptors(long pid) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return open.count();
    }
  }

  @Test
  void idleVolumesCostTwoThreadsAndLittleMemoryEach() throws Exception {
    int count = Integer.getInteger("drover.fleet.volumes", 50);
    List<String> names = IntStream.range(0, count).mapToObj(i -> "v" + i).toList();
    EmbeddedKafka kafka = EmbeddedKafka.shared();
    Path images = Files.createDirectory(folder.resolve("images"));
    try (Drover drover = new Drover(kafka, folder);
        ManyVolumes volumes = new ManyVolumes(kafka.settings(drover.prefix()))) {
      volumes.make(names);
      DroverProcess fleet = drover.start("apply", "--dir", images);
      Await.until(PATIENCE, () -> running(drover) == count, fleet::said);
      Await.pause(IDLE);
      Map<String, String> status = processStatus(fleet.pid());
      String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
      Qemu.run(jcmd, fleet.pid(), "GC.run");
      String heap = Qemu.run(jcmd, fleet.pid(), "GC.heap_info").output();
      System.out.printf(
          "%d volumes: %s threads, %s resident, %d descriptors%n%s%n",
          count, status.get("Threads"), status.get("VmRSS"), descriptors(fleet.pid()), heap);
      assertTrue(Integer.parseInt(status.get("Threads")) <= 2 * count + 40, status.toString());
      fleet.stop();
    }
  }

  private static long running(Drover drover) {
    JsonNode all = Replicas.json(drover.run("status", "--json").out());
    return all.findValues("state").stream().filter(s -> s.asText().equals("RUNNING")).count();
  }
}
