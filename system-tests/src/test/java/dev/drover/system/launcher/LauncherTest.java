package dev.drover.system.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.tools.RequiresTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./drover} builds when it must, only then, and says so. */
@RequiresTools({"bash", "flock"})
final class LauncherTest {

  @TempDir Path folder;
  private Clone clone;

  @BeforeEach
  void makeTheTree() throws IOException {
    clone = new Clone(folder);
  }

  @Test
  void buildsWhatIsMissingAndSaysSoInOneLine() throws Exception {
    Clone.Run run = clone.run("status", "a b");
    assertEquals("ran status a b\n", run.out(), run.err());
    assertTrue(
        run.err().matches("drover: the distribution is missing, building it … done in \\d+ s\n"),
        run.err());
    assertEquals(1, clone.builds());
  }

  @Test
  void buildsOnceAndThenIsSilent() throws Exception {
    clone.run("status");
    assertEquals(new Clone.Run(0, "ran status\n", ""), clone.run("status"));
    assertEquals(1, clone.builds());
  }

  @Test
  void buildsAgainAfterAnEditAndAfterADeletion() throws Exception {
    clone.run("status");
    clone.edit("journal/src/main/java/A.java");
    assertTrue(clone.run("status").err().contains("older than the sources"));
    assertEquals(2, clone.builds());
    clone.delete("applier/src/main/java/A.java");
    assertTrue(clone.run("status").err().contains("older than the sources"));
    assertEquals(3, clone.builds());
  }

  @Test
  void theSecondOfTwoCallersWaitsForTheFirstOnesBuild() throws Exception {
    Path launcher = clone.root().resolve("drover");
    Process first = clone.start(launcher, "one");
    Process second = clone.start(launcher, "two");
    assertEquals("ran one\n", Clone.finish(first).out());
    assertEquals("ran two\n", Clone.finish(second).out());
    assertEquals(1, clone.builds());
  }

  @Test
  void showsTheBuildsOwnErrorAndRunsNothing() throws Exception {
    clone.breakSources();
    Clone.Run run = clone.run("status");
    assertEquals(1, run.code());
    assertEquals("", run.out());
    assertTrue(run.err().contains("[ERROR] it does not compile"), run.err());
  }

  @Test
  void runsWithoutMavenWhatIsUpToDateAndNamesMavenOtherwise() throws Exception {
    clone.run("status");
    clone.uninstallMaven();
    assertEquals("ran status\n", clone.run("status").out());
    clone.edit("pom.xml");
    Clone.Run stale = clone.run("status");
    assertEquals(1, stale.code());
    assertTrue(stale.err().endsWith("install Maven 3.8.7 or later\n"), stale.err());
    assertEquals(1, stale.err().lines().count());
  }

  @Test
  void worksThroughARelativeAndAnAbsoluteLink() throws Exception {
    Path absolute = Files.createSymbolicLink(folder.resolve("abs"), clone.root().resolve("drover"));
    Path relative = Files.createSymbolicLink(folder.resolve("elsewhere/rel"), Path.of("../abs"));
    assertEquals("ran status\n", Clone.finish(clone.start(relative, "status")).out());
    assertEquals("ran status\n", Clone.finish(clone.start(absolute, "status")).out());
  }
}
