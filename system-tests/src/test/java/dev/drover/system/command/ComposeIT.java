package dev.drover.system.command;

import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The compose file runs as it stands, and outlives the loss of a container. */
@RequiresTools({"docker", "docker-compose"})
final class ComposeIT {

  private static final Path FILE = Path.of("..", "docker-compose.yml");

  @BeforeEach
  void requireImages() {
    DockerImages.require(DockerImages.KAFKA, DockerImages.JAVA);
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
