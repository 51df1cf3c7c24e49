package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.sim.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The exhaustive simulator of the plain image's write path: no operation, at no I/O, may leak,
 * corrupt or forget.
 *
 * <p><b>What is enumerated.</b> A <em>scene</em> is an image at rest ({@link Scenes}): empty, used,
 * shared with a snapshot, over a backing disk, at the end of a refcount block or of the refcount
 * table, with other cluster sizes. An <em>alphabet</em> gives each operation a letter ({@link
 * Alphabet}). A <em>sequence</em> is a scene and a word; words in which an operation would do
 * nothing (deleting a snapshot that is not there) are left out, they are shorter words. Of each
 * word:
 *
 * <ol>
 *   <li>{@link FaultExplorer}: every I/O fails once, in each way that its kind can fail; the caller
 *       tries again, or closes, or is killed;
 *   <li>{@link CutExplorer}: the power goes after every I/O of the last operation, and of the
 *       closing as a further one. Every subset of what is not synced survives where that is at most
 *       {@link dev.drover.qcow2.sim.CrashStates#MAX_UNDECIDED} sectors, a seeded sample where it is
 *       more. Sectors are torn from one another and reordered, an overwritten version may survive,
 *       and the file's length is one more thing to lose;
 *   <li>{@link RandomRun}: long words drawn from a seed, with failures at any I/O, looked at in the
 *       same way.
 * </ol>
 *
 * <p><b>What a state is.</b> The bytes that a cut leaves, within a sequence. They are told apart by
 * a hash of all sectors and the length. Bytes that several cuts of a sequence leave are counted
 * once, and bytes that the sequence without its last operation can leave at its end are counted
 * there only; so no count contains anything twice. Every state counted was opened and recovered
 * from, checked and compared:
 *
 * <pre>
 *   bytes ──► I-01 no refcount too low ──► open, which recovers ──► I-51, I-15 all content
 *         ──► I-50 no leak, no corruption ──► open again ──► I-52 no byte has changed
 * </pre>
 *
 * <p>In one of 1024 (by its hash) the recovery itself is cut after each I/O and what that leaves is
 * recovered, the whole disk is read instead of the parts where operations were, and the recovered
 * image may be handed to {@code qemu-img check}. States of cut recoveries are counted apart.
 *
 * <p><b>How it is fast.</b> Files are arrays of sectors that are never changed in place, so a state
 * costs a copy of pointers; one run of a sequence visits all its cuts; nothing is formatted unless
 * something is wrong.
 *
 * <p><b>How it stops and goes on.</b> Work is cut into {@link Part.Chunk}s; {@link Progress} has a
 * line for each that is done. A failure names the one command that replays it.
 */
final class Exhaustive {

  private final List<Part> parts;
  private final long seed;
  private final Progress progress;
  private final Tally.Sampler sampler;
  private final AtomicBoolean failed = new AtomicBoolean();

  /**
   * @param progress null to do everything anew
   */
  Exhaustive(List<Part> parts, long seed, Progress progress, Tally.Sampler sampler) {
    this.parts = List.copyOf(parts);
    this.seed = seed;
    this.progress = progress;
    this.sampler = sampler;
  }

  /** Does what is not done yet; what was counted, by earlier runs too. */
  Tally run(int threads) throws IOException {
    List<Part.Chunk> open = new ArrayList<>();
    Tally total = new Tally();
    parts.stream().flatMap(part -> part.chunks().stream()).forEach(open::add);
    if (progress != null) {
      open.removeIf(chunk -> progress.isDone(chunk.toString()));
      total.add(before(progress));
    }
    AtomicInteger next = new AtomicInteger();
    List<Future<Tally>> workers = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        workers.add(executor.submit(() -> work(open, next)));
      }
      for (Future<Tally> worker : workers) {
        total.add(worker.get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Error error -> throw error;
        case RuntimeException error -> throw error;
        case Throwable error -> throw new IOException(error);
      }
    }
    return total;
  }

  /** What earlier runs have done. */
  static Tally before(Progress progress) {
    Tally before = new Tally();
    progress.before().forEach(n -> before.add(n[0], n[1], n[2], n[3]));
    return before;
  }

  private Tally work(List<Part.Chunk> open, AtomicInteger next) throws IOException {
    Map<String, Scene> scenes = new HashMap<>();
    Tally total = new Tally();
    for (int i = next.getAndIncrement(); i < open.size() && !failed.get(); ) {
      Part.Chunk chunk = open.get(i);
      Tally tally = new Tally(sampler);
      try {
        explore(chunk, scenes.computeIfAbsent(chunk.part().scene(), Exhaustive::make), tally);
      } catch (RuntimeException | AssertionError e) {
        failed.set(true);
        throw e;
      }
      if (progress != null) {
        progress.done(
            chunk.toString(),
            tally.sequences(),
            tally.faults(),
            tally.states(),
            tally.recoveryStates());
      }
      total.add(tally);
      i = next.getAndIncrement();
    }
    return total;
  }

  private static Scene make(String name) {
    try {
      return Scenes.make(name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void explore(Part.Chunk chunk, Scene scene, Tally tally) {
    List<String> words =
        chunk.part().kind() == Part.Kind.RANDOM
            ? List.of(chunk.prefix())
            : Part.words(chunk, scene);
    for (String word : words) {
      explore(chunk.part().kind(), scene, word, seed, tally);
      tally.sequence();
    }
  }

  /** All there is of one word. */
  static void explore(Part.Kind kind, Scene scene, String word, long seed, Tally tally) {
    Judge judge = new Judge(scene, tally);
    try {
      switch (kind) {
        case CUT -> {
          CutExplorer explorer = new CutExplorer(scene, judge, seed);
          explorer.explore(word);
          explorer.explore(word + ".");
        }
        case FAULT -> new FaultExplorer(scene, tally).explore(word);
        case RANDOM -> new RandomRun(scene, judge, tally, seed + Long.parseLong(word)).run();
      }
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(
          ("%s%n  in scene %s, %s of %s, seed %d; again:%n"
                  + "  mvn -pl qcow2-core test -Dtest=ExhaustiveSliceTest -Ddrover.seed=%d"
                  + " -Ddrover.sequence=%s:%s:%s")
              .formatted(
                  e.getMessage(), scene.name(), kind, word, seed, seed, kind, scene.name(), word),
          e);
    }
  }
}
