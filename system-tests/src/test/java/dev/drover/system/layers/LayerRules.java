package dev.drover.system.layers;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The layer rules, by name, for the modules below one root package. The root is a parameter because
 * the same rules also run over classes that break them.
 */
record LayerRules(String root) {

  private static final String[] BROKER = {
    "kafka..",
    "org.apache.kafka.controller..",
    "org.apache.kafka.image..",
    "org.apache.kafka.metadata..",
    "org.apache.kafka.raft..",
    "org.apache.kafka.server..",
    "org.apache.kafka.storage..",
  };

  private static final String[] NETWORK_CHANNELS = {
    "java.nio.channels.AsynchronousServerSocketChannel",
    "java.nio.channels.AsynchronousSocketChannel",
    "java.nio.channels.DatagramChannel",
    "java.nio.channels.ServerSocketChannel",
    "java.nio.channels.SocketChannel",
  };

  private static final Set<String> TIME_AND_CHANCE =
      Set.of(
          "java.lang.System.currentTimeMillis",
          "java.lang.System.nanoTime",
          "java.lang.Thread.sleep",
          "java.util.concurrent.TimeUnit.sleep",
          "java.time.Instant.now",
          "java.time.LocalDateTime.now",
          "java.time.ZonedDateTime.now",
          "java.time.Clock.systemUTC",
          "java.time.Clock.systemDefaultZone",
          "java.lang.Math.random",
          "java.util.Random.<init>",
          "java.util.concurrent.ThreadLocalRandom.current");

  /** Each with what it hands in. */
  private static final Set<String> TIME_ADAPTERS =
      Set.of(
          "dev.drover.applier.Ticker", // the engine's clock and its naps
          "dev.drover.nbd.server.NbdServer"); // the clock for stalled peers, a constructor argument

  Map<String, ArchRule> all() {
    Map<String, ArchRule> rules = new LinkedHashMap<>();
    rules.put(
        "qcow2-core uses the JDK and zstd only",
        classes()
            .that()
            .resideInAPackage(module("qcow2"))
            .should()
            .onlyDependOnClassesThat(
                resideInAnyPackage(module("qcow2"), "java..", "com.github.luben.zstd..")));
    rules.put(
        "qcow2-core knows no network",
        noClasses()
            .that()
            .resideInAPackage(module("qcow2"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.net..", "javax.net..")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching(String.join("|", NETWORK_CHANNELS)));
    rules.put(
        "journal knows no image and none of its users",
        mustNotKnow("journal", module("qcow2"), module("applier"), module("nbd"), module("cli")));
    rules.put(
        "applier knows no NBD and no command",
        mustNotKnow("applier", module("nbd"), module("cli")));
    rules.put(
        "nbd-gateway knows no applier and no command",
        mustNotKnow("nbd", module("applier"), module("cli")));
    rules.put(
        "only kafka packages import Kafka",
        noClasses()
            .that(not(resideInAnyPackage(root + "..kafka..")))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "kafka.."));
    rules.put(
        "only the command embeds a broker",
        noClasses()
            .that(not(resideInAnyPackage(module("cli"))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(BROKER));
    rules.put(
        "only the command parses arguments and exports metrics",
        noClasses()
            .that(not(resideInAnyPackage(module("cli"))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "io.prometheus.."));
    rules.put(
        "no package is a drawer for leftovers",
        noClasses()
            .should()
            .resideInAnyPackage(
                root + "..common..",
                root + "..util..",
                root + "..utils..",
                root + "..helper..",
                root + "..helpers..",
                root + "..misc.."));
    rules.put(
        "no class is named for being left over",
        noClasses()
            .should()
            .haveSimpleNameEndingWith("Utils")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameContaining("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveNameMatching(".*\\.Abstract[^.]*Base"));
    rules.put("only adapters read the clock, sleep or roll dice", onlyAdaptersKnowTime());
    return rules;
  }

  /**
   * What decides must be simulated, so it is handed time and chance. A random UUID is allowed: it
   * names a thing and decides nothing. The adapters that hand them in are the Kafka packages, the
   * command, and the few classes named here.
   */
  private ArchRule onlyAdaptersKnowTime() {
    return noClasses()
        .that(
            resideInAnyPackage(
                module("qcow2"), module("journal"), module("applier"), module("nbd")))
        .and(not(resideInAnyPackage(root + "..kafka..")))
        .and(not(describe("an adapter for time or chance", LayerRules::adaptsTime)))
        .should()
        .accessTargetWhere(
            describe("it is the clock, a sleep or unseeded chance", LayerRules::isTimeOrChance));
  }

  private static boolean adaptsTime(JavaClass type) {
    String name = type.getFullName();
    return TIME_ADAPTERS.stream().anyMatch(it -> name.equals(it) || name.startsWith(it + "$"));
  }

  private static boolean isTimeOrChance(JavaAccess<?> access) {
    // With an argument it is a given clock or seed, except for the sleeps.
    return access.getTarget() instanceof CodeUnitAccessTarget target
        && TIME_AND_CHANCE.contains(target.getOwner().getFullName() + "." + target.getName())
        && (target.getRawParameterTypes().isEmpty() || target.getName().equals("sleep"));
  }

  private ArchRule mustNotKnow(String module, String... others) {
    return noClasses()
        .that()
        .resideInAPackage(module(module))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(others);
  }

  private String module(String name) {
    return root + "." + name + "..";
  }
}
