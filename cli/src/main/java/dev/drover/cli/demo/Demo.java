package dev.drover.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drover.applier.Compensation;
import dev.drover.applier.ImagePosition;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;
import dev.drover.qcow2.CheckReport;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * The whole story, step by step. Broker, gateway and appliers are processes of their own; the kill
 * is SIGKILL; the one thing that is not real is the write error of {@link FailOnceFile}. Figures
 * come from the journal and from images that are opened here, after their writers have ended.
 *
 * <p>Replica b has small clusters, so that the images differ in every host offset and agree in
 * every guest byte.
 */
public final class Demo {

  private static final String VOLUME = "demo";
  private static final String SNAPSHOT = "before-upgrade";
  private static final long SIZE = 96L << 20;
  private static final int SMALL_CLUSTER = 4096;

  /** An L2 table of one cluster maps as many clusters as it has 8-byte entries. */
  private static final long SMALL_TABLE_SPAN = (long) SMALL_CLUSTER / 8 * SMALL_CLUSTER;

  private static final int KILL_ATTEMPTS = 8;

  private final Console console;
  private final Path folder;
  private final Children children;
  private final Judge judge = new Judge();
  private final Story story;
  private final Path gatewayImage;
  private final Path imageA;
  private final Path imageB;
  private final Path past;
  private final Path modelAtSnapshot;
  private Watch watch;
  private Guest guest;
  private Child gateway;
  private Child applierA;
  private Child applierB;

  public Demo(Console console, Path folder) {
    this(console, folder, _ -> {});
  }

  /**
   * @param beforeStep told each step's number before it begins, so that a test can meddle
   */
  Demo(Console console, Path folder, IntConsumer beforeStep) {
    this.console = console;
    this.folder = folder;
    this.children = new Children(folder);
    this.story = new Story(console, beforeStep);
    this.gatewayImage = folder.resolve("gateway.qcow2");
    this.imageA = folder.resolve("a.qcow2");
    this.imageB = folder.resolve("b.qcow2");
    this.past = folder.resolve("then.qcow2");
    this.modelAtSnapshot = folder.resolve("guest-at-snapshot.raw");
  }

  /** Tells it to the end, or throws naming the step that did not hold. */
  public void run() throws IOException, InterruptedException {
    long start = System.nanoTime();
    try {
      story.step("a real Kafka broker, in a process of its own", this::startBroker);
      story.step("a volume, which is a journal", this::createVolume);
      story.step("a gateway that serves it over NBD, and two replicas", this::startProcesses);
      story.step("a guest uses the disk", this::work);
      story.step("a write over two L2 tables fails half-way on replica b", this::failOnce);
      story.step("replica a is killed under load, and started again", this::killUnderLoad);
      story.step("a snapshot, while the guest's disk is in use", this::snapshot);
      story.step("everybody stops in order, at the end of the journal", this::stopAll);
      story.step("the journal up to the snapshot becomes a fresh image", this::replay);
      story.step("every image holds what the guest wrote, byte for byte", this::compare);
      story.step("no image leaks or has lost a cluster", this::check);
    } finally {
      if (guest != null) {
        guest.close();
      }
      if (watch != null) {
        watch.close();
      }
      children.close();
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    if (console.json()) {
      console.summary(
          Fields.of("steps", story.steps())
              .and("seconds", millis / 1000.0)
              .and("guestRequests", guest.requests())
              .and("guestBytes", guest.bytes())
              .and("directory", folder.toString()));
    } else {
      console.line("All of it held: %d steps, %.1f s.".formatted(story.steps(), millis / 1000.0));
    }
  }

  private String startBroker() throws Exception {
    Child broker =
        children.start("broker", "broker", "--dir", folder.resolve("kafka"), "--port", 0);
    String address = broker.awaitLine("ready ");
    children.bootstrapServers(address);
    watch = new Watch(address, VOLUME);
    return "answers on " + address;
  }

  private String createVolume() throws Exception {
    children.run("volume", "create", VOLUME, "--size", SIZE);
    return "%s of %s, one partition that nobody compacts".formatted(VOLUME, ByteSize.text(SIZE));
  }

  private String startProcesses() throws Exception {
    gateway =
        children.start(
            "gateway", "serve", VOLUME, "--image", gatewayImage, "--listen", "127.0.0.1:0");
    applierA = startA("a");
    applierB = startB("b-faulty", FaultyApplier.class);
    URI disk = URI.create(gateway.awaitLine("ready "));
    guest = new Guest(disk, folder.resolve("guest.raw"));
    watch.awaitApplied("a", 1);
    watch.awaitApplied("b", 1);
    return disk + "; a has 64 KiB clusters, b 4 KiB";
  }

  private Child startA(String name) throws IOException {
    return children.start(name, "apply", VOLUME, "--image", imageA, "--replica", "a");
  }

  private Child startB(String name, Class<?> main) throws IOException {
    return children.start(
        name,
        main,
        List.of("apply", VOLUME, "--image", imageB, "--replica", "b", "--cluster-size", "4K")
            .toArray());
  }

  private String work() throws IOException {
    guest.work(400);
    return guest.requests() + " requests, " + ByteSize.text(guest.bytes()) + " written";
  }

  private String failOnce() throws Exception {
    byte[] content = new byte[64 << 10];
    // The error meets the second half: clusters below both tables are set aside by then.
    ByteBuffer.wrap(content).putLong(content.length / 2, FailOnceFile.MARK);
    guest.write(40 * SMALL_TABLE_SPAN - content.length / 2, content);
    guest.flush();
    long end = watch.logEnd();
    Compensation compensation = watch.awaitCompensation("b");
    watch.awaitApplied("b", end - 1);
    applierB.stop();
    judge.requireClean(imageB);
    applierB = startB("b", dev.drover.cli.Drover.class);
    long clusters = compensation.clusterCount();
    require(clusters > 0, "the compensation is empty");
    return "%d clusters given back (compensation %s, %s), then applied; 0 leaked"
        .formatted(clusters, compensation.id(), compensation.cause());
  }

  private String killUnderLoad() throws Exception {
    for (int attempt = 1; attempt <= KILL_ATTEMPTS; attempt++) {
      guest.work(60 * attempt);
      applierA.kill();
      long end = watch.logEnd();
      ImagePosition position = judge.position(imageA);
      long applied = position.applied().nextOffset();
      if (!position.clean() && applied < end) {
        CheckReport report = judge.check(imageA);
        require(report.corruptions() == 0, "the killed image is corrupt");
        applierA = startA("a-recovered");
        guest.work(40);
        watch.awaitApplied("a", end);
        return "at offset %d of %d, with %d clusters set aside; it recovered and caught up"
            .formatted(applied, end, report.leaks());
      }
      applierA = startA("a-again-" + attempt);
      watch.awaitApplied("a", end - 1);
    }
    throw new DemoFailure("replica a had always applied everything when it was killed");
  }

  private String snapshot() throws Exception {
    guest.keepModel(modelAtSnapshot);
    JsonNode created = children.run("snapshot", "create", VOLUME, SNAPSHOT);
    guest.work(200);
    return "%s at offset %d; the guest went on to %d requests"
        .formatted(SNAPSHOT, created.get("offset").asLong(), guest.requests());
  }

  private String stopAll() throws Exception {
    gateway.stop();
    applierA.stop();
    applierB.stop();
    long end = watch.logEnd();
    for (Path image : List.of(gatewayImage, imageA, imageB)) {
      JsonNode summary = children.run("apply", VOLUME, "--image", image, "--until", "end");
      require(
          summary.get("appliedOffset").asLong() == end, image.getFileName() + " is not at the end");
    }
    return "offset " + end + " on all three";
  }

  private String replay() throws Exception {
    JsonNode summary =
        children.run("replay", VOLUME, "--output", past, "--until", "snapshot:" + SNAPSHOT);
    return "%d intents, %s, %s"
        .formatted(
            summary.get("intents").asLong(),
            ByteSize.text(summary.get("bytes").asLong()),
            past.getFileName());
  }

  private String compare() throws Exception {
    for (Path image : List.of(gatewayImage, imageA, imageB)) {
      judge.requireContent(image, Optional.empty(), guest.model());
      judge.requireContent(image, Optional.of(SNAPSHOT), modelAtSnapshot);
    }
    judge.requireContent(past, Optional.empty(), modelAtSnapshot);
    return "gateway, a and b now and at the snapshot, and the replay" + byQemuToo();
  }

  private String check() throws Exception {
    for (Path image : List.of(gatewayImage, imageA, imageB, past)) {
      judge.requireClean(image);
    }
    return "4 images, 0 leaks, 0 corruptions" + byQemuToo();
  }

  private String byQemuToo() {
    return judge.hasQemu() ? "; qemu-img says so too" : " (qemu-img is not installed)";
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new DemoFailure(otherwise);
    }
  }
}
