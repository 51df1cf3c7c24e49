package dev.drover.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.server.NbdServer;
import dev.drover.nbd.server.NbdServerOptions;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other people's clients against a whole gateway whose overlay is small and whose replica lags. */
final class NbdToolsTest {
  private static final int SIZE = 16 << 20;

  @TempDir Path folder;

  private final FakeJournal journal = FakeJournal.acknowledgingAtOnce();
  private final FakeReplica replica = new FakeReplica(journal, SIZE);
  private Gateway gateway;
  private NbdServer server;
  private String uri;
  private Thread applier;

  @BeforeEach
  void serve() throws IOException {
    GatewayOptions options = new GatewayOptions(4 << 20, CacheMode.JOURNAL);
    gateway = new Gateway("vm", journal, replica, options);
    server = new NbdServer(List.of(gateway), NbdServerOptions.DEFAULT);
    InetSocketAddress address =
        server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    uri = NbdServer.uri(address, "vm").toString();
    applier = Thread.ofPlatform().start(this::applySlowly);
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.close();
    gateway.close();
    applier.interrupt();
    applier.join();
  }

  private void applySlowly() {
    while (!Thread.currentThread().isInterrupted()) {
      for (int i = 0; i < 20; i++) {
        replica.applyNextSilently();
      }
      replica.announce();
      LockSupport.parkNanos(200_000);
    }
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int exit = process.waitFor();
    String text = Files.readString(output);
    assertEquals(0, exit, String.join(" ", command) + "\n" + text);
    return text;
  }

  /** Half data, half holes. */
  private Path source() throws IOException {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    byte[] bytes = new byte[SIZE];
    byte[] block = new byte[100_000];
    for (int at = 0; at + block.length < SIZE; at += 2 * block.length) {
      random.nextBytes(block);
      System.arraycopy(block, 0, bytes, at, block.length);
    }
    return Files.write(folder.resolve("source.raw"), bytes);
  }

  @Test
  @RequiresTools("nbdinfo")
  void nbdinfoSeesWhatTheExportCanDo() throws Exception {
    String info = run("nbdinfo", uri);
    assertTrue(info.contains("export-size: " + SIZE), info);
    for (String line :
        List.of(
            "can_multi_conn: true",
            "can_flush: true",
            "can_fua: true",
            "can_trim: true",
            "can_zero: true",
            "can_fast_zero: true",
            "is_read_only: false",
            "block_size_minimum: 1",
            "block_size_preferred: 4096",
            "block_size_maximum: 33554432")) {
      assertTrue(info.contains(line), line + " in " + info);
    }
    String list = run("nbdinfo", "--list", uri.substring(0, uri.lastIndexOf('/')));
    assertTrue(list.contains("export=\"vm\""), list);
  }

  @Test
  @RequiresTools("nbdcopy")
  void nbdcopyCopiesThereAndBackOverManyConnections() throws Exception {
    Path source = source();
    Path back = folder.resolve("back.raw");
    run("nbdcopy", "--flush", "--connections=4", source.toString(), uri);
    run("nbdcopy", "--connections=4", uri, back.toString());
    assertArrayEquals(Files.readAllBytes(source), Files.readAllBytes(back));
  }

  @Test
  @RequiresTools("qemu-img")
  void qemuImgConvertsThereAndFindsItIdentical() throws Exception {
    Path source = source();
    run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source.toString(), uri);
    String same = run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), uri);
    assertTrue(same.contains("Images are identical"), same);
  }

  @Test
  @RequiresTools("qemu-io")
  void qemuIoReadsWhatItWroteThroughEveryCommand() throws Exception {
    String output =
        run(
            "qemu-io",
            "-f",
            "raw",
            "-c",
            "write -P 0xab 1000 70000",
            "-c",
            "write -f -P 0xcd 4096 4096",
            "-c",
            "write -z 8192 4096",
            "-c",
            "write -z -u 16384 8192",
            "-c",
            "discard 32768 4096",
            "-c",
            "flush",
            "-c",
            "read -P 0xab 1000 3096",
            "-c",
            "read -P 0xcd 4096 4096",
            "-c",
            "read -P 0 8192 4096",
            "-c",
            "read -P 0 16384 8192",
            "-c",
            "read -P 0 32768 4096",
            "-c",
            "read -P 0xab 36864 34136",
            "-c",
            "aio_write -P 0x11 0 1M",
            "-c",
            "aio_write -P 0x22 1M 1M",
            "-c",
            "aio_flush",
            "-c",
            "read -P 0x11 0 1M",
            "-c",
            "read -P 0x22 1M 1M",
            uri);
    assertTrue(!output.contains("Pattern verification failed"), output);
  }

  @Test
  @RequiresTools("fio")
  void fioVerifiesWhatItWrote() throws Exception {
    run(
        "fio",
        "--name=verify",
        "--ioengine=nbd",
        "--uri=" + uri,
        "--rw=randwrite",
        "--bsrange=512-64k",
        "--bs_unaligned=0",
        "--iodepth=32",
        "--size=8M",
        "--verify=crc32c",
        "--do_verify=1",
        "--verify_fatal=1",
        "--fsync=16",
        "--randseed=5",
        "--allrandrepeat=1");
  }
}
