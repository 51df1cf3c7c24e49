package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The compose file runs as it stands, and outlives the loss of a container. */
@RequiresTools({"docker", "docker-compose"})
final class ComposeIT {

  private static final Path FILE = Path.of("..", "docker-compose.yml");
  private static final String[] IMAGES = {"apache/kafka:4.3.1", "eclipse-temurin:25-jre"};

  @BeforeEach
  void requireImages() {
    for (String image : IMAGES) {
      boolean there =
          Qemu.run("docker", "image", "inspect", image).exitCode() == 0
              || Qemu.run("docker", "pull", "-q", image).exitCode() == 0;
      assertTrue(there || System.getenv("DROVER_REQUIRE_TOOLS") == null, "no image " + image);
      Assumptions.assumeTrue(there, "the Docker engine has no image " + image + " and can't pull");
    }
    compose("down", "-v", "--remove-orphans").orFail();
  }

  @AfterEach
  void takeDown() {
    compose("down", "-v", "--remove-orphans");
  }

  @Test
  void replicasAreTheSameBeforeAndAfterAnApplierIsKilledAndStartedAgain() {
    orLogs(compose("up", "-d", "--build"));
    orLogs(compose("run", "--rm", "test"));
    compose("kill", "-s", "SIGKILL", "applier-a").orFail();
    orLogs(compose("up", "-d"));
    orLogs(compose("run", "--rm", "test"));
  }

  private static void orLogs(Qemu.Result result) {
    if (result.exitCode() != 0) {
      throw new AssertionError(result.output() + compose("logs", "--tail=40").output());
    }
  }

  private static Qemu.Result compose(String... arguments) {
    List<Object> all = new ArrayList<>(List.of("-p", "drover-it", "-f", FILE));
    all.addAll(List.of(arguments));
    return Qemu.run("docker-compose", all.toArray());
  }
}
