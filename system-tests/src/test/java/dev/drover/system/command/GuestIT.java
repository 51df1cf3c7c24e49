package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.Precondition;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import dev.drover.system.kafka.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Linux guest uses the volume as its disk; a replica then holds every file it synced. */
@RequiresTools({"qemu-img", "qemu-system-x86_64", "e2fsck", "debugfs"})
final class GuestIT {

  private static final Path BOOT = Path.of("tools", "guest", "boot").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void everyFileThatAGuestSyncedIsOnTheReplica() throws IOException {
    requireKernel();
    try (Drover drover = new Drover(EmbeddedKafka.shared(), folder)) {
      drover.ok("volume", "create", "guest", "--size", "512M");
      Drover.Gateway gateway = drover.serve("guest", drover.file("gateway.qcow2"));
      Path replica = drover.file("replica.qcow2");
      DroverProcess follower = drover.start("apply", "guest", "--image", replica);

      String console = Qemu.run(BOOT.toString(), gateway.uri(), 2, 10).orFail().output();
      assertTrue(console.contains("GUEST-DONE"), console);
      assertEquals(0, gateway.process().stop(), gateway.process().said());
      assertEquals(0, follower.stop(), follower.said());
      drover.ok("apply", "guest", "--image", replica, "--until", "end");

      assertCleanForQemu(replica);
      Path raw = drover.file("replica.raw");
      Qemu.img("convert", "-f", "qcow2", "-O", "raw", replica, raw).orFail();
      Qemu.run("e2fsck", "-fn", raw).orFail();
      Map<String, String> files = syncedFiles(console);
      assertFalse(files.isEmpty(), console);
      for (Map.Entry<String, String> file : files.entrySet()) {
        Path dumped = drover.file("dumped");
        Qemu.run("debugfs", "-R", "dump /" + file.getKey() + " " + dumped, raw).orFail();
        assertEquals(file.getValue(), sha256(dumped), file.getKey());
      }
    }
  }

  /** {@code boot} can download a kernel, but a test run installs nothing. */
  private static void requireKernel() {
    String cache = System.getenv("GUEST_CACHE");
    Path initrd =
        cache != null
            ? Path.of(cache, "initrd.gz")
            : Path.of(System.getenv().getOrDefault("TMPDIR", "/tmp"), "drover-guest", "initrd.gz");
    Precondition.require(
        Files.exists(initrd), "no guest kernel: system-tests/tools/guest/boot --prepare makes one");
  }

  /** Name and SHA-256 of what must be there: FILE lines without those that are GONE later. */
  private static Map<String, String> syncedFiles(String console) {
    Map<String, String> files = new TreeMap<>();
    for (String line : console.lines().toList()) {
      String[] words = line.split(" ");
      if (words.length == 3 && words[0].equals("FILE")) {
        files.put(words[2], words[1]);
      } else if (words.length == 2 && words[0].equals("GONE")) {
        files.remove(words[1]);
      }
    }
    return files;
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(file)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
