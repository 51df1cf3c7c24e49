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

  /** The run of a mutant passes without its defect and breaks the named invariant with it. */
  public void judge(Mutant mutant) throws IOException {
    String run = System.getProperty("drover.mutant.run", mutant.run());
    passesWithoutADefect(run);
    InvariantViolation violation =
        caught(mutant, run).orElseThrow(() -> new AssertionError(mutant + " survives " + run));
    System.out.println("mutant %s: %s".formatted(mutant, violation.getMessage()));
    if (!violation.invariant().equals(mutant.fails())) {
      throw new AssertionError("%s: not %s is broken".formatted(mutant, mutant.fails()), violation);
    }
  }

  /**
   * What the run says of the sources as they are, once for all mutants that share it.
   *
   * @throws AssertionError if it does not pass
   */
  void passesWithoutADefect(String run) {
    if (passed.add(run)) {
      simulate(run, getClass().getClassLoader())
          .ifPresent(
              failure -> {
                throw new AssertionError("without a defect, " + run + " fails", failure);
              });
    }
  }

  /**
   * The invariant that the run finds broken; empty: the mutant survives.
   *
   * @throws AssertionError if it fails in a way that names no invariant
   */
  Optional<InvariantViolation> caught(Mutant mutant, String run) throws IOException {
    MutantLoader loader = new MutantLoader(MutantCompiler.compile(mutant, root));
    return simulate(run, loader)
        .map(
            failure ->
                InvariantViolation.in(failure)
                    .orElseThrow(
                        () ->
                            new AssertionError(
                                mutant + " fails " + run + " and breaks no named invariant",
                                failure)));
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
