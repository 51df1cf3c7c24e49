package dev.drover.applier;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;

/**
 * The machine that a replica's image is on.
 *
 * @param id what tells it from every other machine, also after it was renamed
 * @param name what people call it
 */
public record LocalHost(UUID id, String name) {

  private static final Path MACHINE_ID = Path.of("/etc/machine-id");

  public LocalHost {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(name, "name");
  }

  /** This machine: its machine-id, or where it has none (a container) its name. */
  public static LocalHost detect() {
    String name = System.getenv().getOrDefault("HOSTNAME", "");
    if (name.isBlank()) {
      try {
        name = InetAddress.getLocalHost().getHostName();
      } catch (IOException e) {
        name = "localhost";
      }
    }
    String identity = name;
    try {
      String machineId = Files.readString(MACHINE_ID, StandardCharsets.US_ASCII).strip();
      if (!machineId.isEmpty()) {
        identity = machineId;
      }
    } catch (IOException e) {
      // No machine-id here: the name is all there is.
    }
    UUID id = UUID.nameUUIDFromBytes(("drover-host:" + identity).getBytes(StandardCharsets.UTF_8));
    return new LocalHost(id, name);
  }
}
