package dev.drover.qcow2.mutants;

import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Runs a simulator on a mutant: the same run, with the same seed, has to pass without the defect
 * and to break the named invariant with it.
 *
 * <p>A run is a line such as {@code replica cut xsx}: the first word names the simulator, a class
 * that takes the rest and throws what its judges say.
 */
public final class MutantTrial {

  private final Path root;
  private final Map<String, Class<? extends Consumer<String>>> simulators;
  private final Set<String> passed = new HashSet<>();

  /**
   * @param root the project's folder
   * @param simulators by the first word of a run; each with a constructor that takes nothing
   */
  public MutantTrial(Path root, Map<String, Class<? extends Consumer<String>>> simulators) {
    this.root = root;
    this.simulators = simulators;
  }

  /** The mutants of a folder, or the one that {@code -Ddrover.mutant} names. */
  public static Stream<Mutant> selected(Path folder) throws IOException {
    String only = System.getProperty("drover.mutant");
    return Mutant.all(folder).stream().filter(each -> only == null || each.name().equals(only));
  }

  /**
   * How a mutant was caught.
   *
   * @param where what the simulator says of it: the part of the run, the place, the seed
   */
  record Caught(String where, InvariantViolation violation) {}

  /** The run of a mutant passes without its defect and breaks the named invariant with it. */
  public void judge(Mutant mutant) throws IOException {
    String run = System.getProperty("drover.mutant.run", mutant.run());
    passesWithoutADefect(run);
    Caught caught =
        caught(mutant, run).orElseThrow(() -> new AssertionError(mutant + " survives " + run));
    System.out.println(
        "mutant %s: %s (%s)".formatted(mutant, caught.violation().getMessage(), caught.where()));
    if (!caught.violation().invariant().equals(mutant.fails())) {
      throw new AssertionError(
          "%s breaks another invariant than %s".formatted(mutant, mutant.fails()),
          caught.violation());
    }
  }

  /** What the run says of the sources as they are, once for all mutants that share it. */
  private void passesWithoutADefect(String run) {
    if (passed.add(run)) {
      simulate(run, getClass().getClassLoader())
          .ifPresent(
              failure -> {
                throw new AssertionError("without a defect, " + run + " fails", failure);
              });
    }
  }

  /**
   * The first invariant that the run finds broken; empty: the mutant survives.
   *
   * @throws AssertionError if it fails in a way that names no invariant
   */
  Optional<Caught> caught(Mutant mutant, String run) throws IOException {
    MutantLoader loader = new MutantLoader(MutantCompiler.compile(mutant, root));
    return simulate(run, loader).map(failure -> named(failure, mutant, run));
  }

  private static Caught named(Throwable failure, Mutant mutant, String run) {
    return InvariantViolation.in(failure)
        .map(violation -> new Caught(failure.getMessage(), violation))
        .orElseThrow(
            () ->
                new AssertionError(
                    mutant + " fails " + run + " and breaks no named invariant", failure));
  }

  @SuppressWarnings("unchecked")
  private Optional<Throwable> simulate(String run, ClassLoader loader) {
    String[] words = run.split(" ", 2);
    Class<?> simulator = simulators.get(words[0]);
    if (simulator == null) {
      throw new IllegalArgumentException("no simulator " + words[0] + ", but " + simulators);
    }
    try {
      Constructor<?> constructor =
          Class.forName(simulator.getName(), true, loader).getDeclaredConstructor();
      constructor.setAccessible(true);
      ((Consumer<String>) constructor.newInstance()).accept(words[1]);
      return Optional.empty();
    } catch (InvocationTargetException e) {
      return Optional.of(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(simulator + " is no simulator", e);
    } catch (RuntimeException | AssertionError e) {
      return Optional.of(e);
    }
  }
}
