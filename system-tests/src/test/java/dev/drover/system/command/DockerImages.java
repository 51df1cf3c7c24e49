package dev.drover.system.command;

import dev.drover.qcow2.tools.Precondition;
import dev.drover.qcow2.tools.Qemu;

/** The public images that container tests start. */
final class DockerImages {

  static final String KAFKA = "apache/kafka:4.3.1";
  static final String JAVA = "eclipse-temurin:25-jre";

  /** Removes containers of a test run that died; Testcontainers 2.0.5 starts it unless told not. */
  private static final String RYUK = "testcontainers/ryuk:0.14.0";

  private DockerImages() {}

  /** {@link #require} for a test that starts its containers by Testcontainers. */
  static void requireForTestcontainers(String image) {
    require(image);
    if (!"true".equals(System.getenv("TESTCONTAINERS_RYUK_DISABLED"))) {
      require(RYUK);
    }
  }

  /** Skips the test, or fails it where tools are required, if the engine can't have one. */
  static void require(String... images) {
    for (String image : images) {
      boolean there =
          Qemu.run("docker", "image", "inspect", image).exitCode() == 0
              || Qemu.run("docker", "pull", "-q", image).exitCode() == 0;
      Precondition.require(there, "the Docker engine has no image " + image + " and can't pull");
    }
  }
}
