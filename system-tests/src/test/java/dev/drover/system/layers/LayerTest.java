package dev.drover.system.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The modules point one way: docs and poms say it, this fails when it stops being so. */
final class LayerTest {

  private static final String ROOT = "dev.drover";
  private static final String BROKEN = "dev.drover.system.layers.broken";

  /** Every rule, and the classes below {@code broken} that it must find. */
  private static final Map<String, List<String>> BREAKERS =
      Map.ofEntries(
          Map.entry("qcow2-core uses the JDK and zstd only", List.of("KnowsJson")),
          Map.entry("qcow2-core knows no network", List.of("KnowsTheNetwork")),
          Map.entry("journal knows no image and none of its users", List.of("KnowsTheImage")),
          Map.entry("applier knows no NBD and no command", List.of("KnowsNbd", "KnowsTheCommand")),
          Map.entry("nbd-gateway knows no applier and no command", List.of("KnowsTheApplier")),
          Map.entry("only kafka packages import Kafka", List.of("ImportsKafka")),
          Map.entry("only the command embeds a broker", List.of("EmbedsTheBroker")),
          Map.entry(
              "only the command parses arguments and exports metrics", List.of("ParsesArguments")),
          Map.entry("no package is a drawer for leftovers", List.of("Anything")),
          Map.entry(
              "no class is named for being left over",
              List.of("OffsetUtils", "ReadHelper", "TopicManager", "AbstractRecordBase")),
          Map.entry(
              "only adapters read the clock, sleep or roll dice",
              List.of("ReadsTheClock", "RollsDice", "Sleeps")));

  private static final ImportOption NO_TESTS =
      location -> !location.contains("/test-classes/") && !location.contains("-tests.jar");

  private static final JavaClasses DROVER =
      new ClassFileImporter().withImportOption(NO_TESTS).importPackages(ROOT);
  private static final JavaClasses BROKEN_CLASSES = new ClassFileImporter().importPackages(BROKEN);

  @TestFactory
  Stream<DynamicTest> droverKeepsTheRule() {
    return new LayerRules(ROOT)
        .all().entrySet().stream()
            .map(
                rule ->
                    DynamicTest.dynamicTest(rule.getKey(), () -> rule.getValue().check(DROVER)));
  }

  @TestFactory
  Stream<DynamicTest> theRuleFindsWhatBreaksIt() {
    return new LayerRules(BROKEN)
        .all().entrySet().stream()
            .map(
                rule ->
                    DynamicTest.dynamicTest(
                        rule.getKey(),
                        () -> {
                          String found =
                              rule.getValue()
                                  .evaluate(BROKEN_CLASSES)
                                  .getFailureReport()
                                  .toString();
                          for (String breaker : BREAKERS.get(rule.getKey())) {
                            assertTrue(found.contains(breaker), breaker + " not in: " + found);
                          }
                        }));
  }

  @Test
  void everyRuleHasSomethingThatBreaksIt() {
    assertEquals(BREAKERS.keySet(), new LayerRules(ROOT).all().keySet());
  }

  @Test
  void everyModuleIsSeen() {
    for (String module : List.of("qcow2", "journal", "applier", "nbd", "cli")) {
      assertTrue(
          DROVER.stream().anyMatch(c -> c.getPackageName().startsWith(ROOT + "." + module)),
          "no class of " + module + " on the class path: its rules would hold of nothing");
    }
  }
}
