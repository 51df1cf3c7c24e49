package dev.drover.system.command;

import static dev.drover.system.command.Replicas.assertCleanForQemu;
import static dev.drover.system.command.Replicas.assertIdenticalForQemu;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.system.acklog.AckLogVerifier;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;

/** One volume of 32 MiB: its gateway, a replica that follows, and a guest that never stops. */
final class Served implements AutoCloseable {

  static final String VOLUME = "v";

  private final Drover drover;
  private final Path image;
  private final DroverProcess gateway;
  private final DroverProcess follower;
  private final AckedGuest guest;

  Served(Drover drover, long seed) throws IOException {
    this.drover = drover;
    image = drover.file("gateway.qcow2");
    drover.call("volume", "create", VOLUME, "--size", "32M").expect(0);
    Drover.Gateway serving = drover.serve(VOLUME, image);
    gateway = serving.process();
    follower = drover.start("apply", VOLUME, "--image", replica(), "--replica", "b");
    // A verb that finds no broker as it starts ends; only one that runs waits for them.
    follower.awaitSaid("from offset");
    guest = AckedGuest.on(URI.create(serving.uri()), drover.file("."), "guest", seed);
  }

  AckedGuest guest() {
    return guest;
  }

  DroverProcess follower() {
    return follower;
  }

  private Path replica() {
    return drover.file("b.qcow2");
  }

  /**
   * Ends all of it: every request was answered over the one first connection, the volume holds what
   * the guest was promised, and both images are clean and the same.
   */
  String endsWell() throws Exception {
    String did = guest.stop();
    assertEquals("1 connects", did.substring(did.lastIndexOf(", ") + 2), "the guest met an error");
    AckLogVerifier.Report report = guest.assertKept();
    assertEquals(0, report.inFlight(), did);
    assertEquals(0, gateway.stop(), gateway.said());
    assertEquals(0, follower.stop(), follower.said());
    drover.call("apply", VOLUME, "--image", replica(), "--until", "end").expect(0);
    drover.call("apply", VOLUME, "--image", image, "--until", "end").expect(0);
    assertCleanForQemu(image);
    assertCleanForQemu(replica());
    assertIdenticalForQemu(image, "qcow2", replica());
    return did;
  }

  @Override
  public void close() {
    guest.close();
  }
}
