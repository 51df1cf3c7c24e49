package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.sim.MemoryBlockFile;
import dev.drover.qcow2.tools.Qemu;
import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same requesters as threads of the JVM on a file of the host: what the simulation takes for
 * granted of locks, memory and files. No seed replays it.
 */
final class RequestStressTest {

  private static final int REQUESTERS = 4;
  private static final int REQUESTS = Integer.getInteger("drover.requests", 150);

  @TempDir Path folder;

  @Test
  @RequiresTools("qemu-img")
  void threadsThatMeetLeaveWhatSomeOrderExplainsAndQemuFindsClean() throws Exception {
    List<MemoryBlockFile> images =
        List.of(RequestImages.empty(), RequestImages.owned(), RequestImages.shared());
    for (MemoryBlockFile base : images) {
      Path path = folder.resolve(base.name() + ".qcow2");
      base.store(path);
      RequestHistory history;
      try (Qcow2Image image = open(path)) {
        history = RequestHistory.of(image, RequestRig.MOST);
        run(image, history);
        judge(image, history);
      }
      try (Qcow2Image reopened = open(path)) {
        judge(reopened, history);
      }
      Qemu.checkClean(path);
    }
  }

  private static Qcow2Image open(Path path) throws IOException {
    return Qcow2Image.open(
        HostFile.openForWriting(path), false, BackingOpener.REFUSE, RequestRig.BOUNDS);
  }

  private static void run(Qcow2Image image, RequestHistory history) throws Exception {
    RequestPrograms made = new RequestPrograms(new SplittableRandom());
    List<Future<?>> ends = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(REQUESTERS)) {
      for (int i = 0; i < REQUESTERS; i++) {
        List<Request> program = made.program(REQUESTS, i == 0);
        ends.add(
            threads.submit(
                () -> {
                  for (Request request : program) {
                    request.call(image, history);
                  }
                  return null;
                }));
      }
    }
    for (Future<?> end : ends) {
      end.get();
    }
  }

  private static void judge(Qcow2Image image, RequestHistory history) throws IOException {
    long begun = history.now();
    long[] content = Request.content(image);
    history.judge(content, 0, begun, history.now());
    assertEquals(image.virtualSizeBytes(), (long) content.length * Request.SECTOR);
    for (String name : history.snapshots()) {
      try (Qcow2Image view = image.openSnapshot(name)) {
        history.seen(name, Request.content(view));
      }
    }
  }
}
