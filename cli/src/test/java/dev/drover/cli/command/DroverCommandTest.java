package dev.drover.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DroverCommandTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "--nonsense",
        "broker",
        "broker --dir x --port abc",
        "broker --dir x --port 70000",
        "config",
        "config print --bootstrap-servers nowhere",
        "config print --prefix a/b --bootstrap-servers h:1",
        "config print --config does-not-exist",
        "config print --set",
        "config print --set prefix",
        "config print --set prefx=p",
        "config print --set kafka.acks=1",
        "config print --set kafka.sasl.jaas.config=x",
        "volume create v",
        "volume create v --size 1M --from x",
        "volume resize v",
        "replay v --output x --base",
        "serve v --image x --cache none",
        "serve v --image x --overlay-size 0",
        "serve v --image x --journal-timeout 0s",
        "apply v --image x --cluster-size 3K",
        "apply",
        "apply v",
        "apply v=",
        "apply --image i",
        "apply a=x b",
        "apply a=x a=y",
        "apply a=x b=./x",
        "apply a=x --image i",
        "apply a b --image i",
        "apply a=x b=y --replica r",
        "apply v --image i --match w",
        "apply --dir no/such/folder",
        "apply --dir . v",
        "apply --dir . --match a/b",
        "apply --dir . --max-volumes 0",
        "serve a=x b"
      })
  void aWrongCallIsOneLineAndExitTwo(String call) {
    Run run = Run.drover(call.isEmpty() ? new String[0] : call.split(" "));
    assertEquals(2, run.exit(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().startsWith("drover: "), run.err());
    assertEquals("", run.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "image check --bogus f",
        "image map",
        "image resize f abc",
        "image bitmap f b0",
        "image create -f qcow2 -o cluster_size=3k f 1M",
        "image compare --bogus a b",
        "image io -c",
        "image bench f"
      })
  void aWrongCallOfAnImageVerbIsOneLineAndExitOneAsOfQemuImg(String call) {
    Run run = Run.drover(call.split(" "));
    assertEquals(1, run.exit(), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().startsWith("drover: "), run.err());
  }

  @Test
  void aMisspeltVerbIsToldWhatMayBeMeant() {
    String hint = "is '%s' meant?";
    assertTrue(Run.drover("stauts").err().contains(hint.formatted("status")));
    assertTrue(Run.drover("image", "rebas", "x").err().contains(hint.formatted("rebase")));
    for (String[] other : new String[][] {{"version"}, {"image", "bench", "x"}}) {
      assertFalse(Run.drover(other).err().contains("meant"), "that is no slip of the finger");
    }
  }

  @Test
  void withJsonAnErrorIsAlsoTheLastObjectOfTheData() {
    Run run = Run.drover("broker", "--json", "--nonsense");
    assertEquals(2, run.exit());
    assertEquals("error", run.lastObject().get("type").asText());
    assertEquals("USAGE", run.lastObject().get("code").asText());
    assertFalse(run.lastObject().get("message").asText().isEmpty());
    assertTrue(run.lastObject().has("hint"));
    assertEquals(1, run.err().lines().count(), run.err());
  }

  @Test
  void theOptionsOfTheRootAreUnderstoodBeforeAndAfterTheVerb() {
    Run before = Run.drover("--prefix", "p", "--json", "config", "print");
    Run after = Run.drover("config", "print", "--prefix", "p", "--json");
    assertEquals(0, before.exit(), before.err());
    assertEquals(before, after);
    assertEquals("p", before.document().at("/settings/0/value").asText());
    assertEquals("flag --prefix", before.document().at("/settings/0/origin").asText());
  }

  @Test
  void theEnvironmentNamesTheBroker() {
    Run run = Run.drover(Map.of("DROVER_BOOTSTRAP_SERVERS", "h:1"), "config", "print", "--json");
    assertEquals("h:1", run.document().at("/settings/0/value").asText());
    assertEquals(
        "environment DROVER_BOOTSTRAP_SERVERS", run.document().at("/settings/0/origin").asText());
  }

  @Test
  void everyEffectiveSettingIsPrintedAlsoOneThatIsComputed() {
    Run computed = Run.drover("config", "print");
    String line =
        computed.out().lines().filter(each -> each.startsWith("overlay.size=")).findAny().get();
    assertTrue(line.matches("overlay\\.size=\\d+[MK]?  \\(default(: a quarter of the heap)?\\)"));
    List<String> keys =
        computed.out().lines().map(each -> each.substring(0, each.indexOf('='))).toList();
    assertEquals(keys.indexOf("topic.watch") - 1, keys.indexOf("overlay.size"), computed.out());
    Run given = Run.drover("config", "print", "--set", "overlay.size=1G");
    assertTrue(given.out().contains("overlay.size=1G  (flag --set)"), given.out());
    assertEquals(1, given.out().lines().filter(each -> each.startsWith("overlay.size")).count());
  }

  @Test
  void helpAndVersionAreDataOnEveryLevel() {
    assertTrue(Run.drover("--version").out().matches("drover \\d+\\.\\d+.*\\R"));
    assertTrue(Run.drover("broker", "--version").out().startsWith("drover "));
    assertTrue(Run.drover("--help").out().contains("broker"));
    assertEquals(0, Run.drover("config", "print", "--help").exit());
  }

  @Test
  void theCompletionScriptKnowsTheVerbs() {
    Run run = Run.drover("completion");
    assertEquals(0, run.exit());
    assertTrue(run.out().contains("broker"));
    assertTrue(run.out().contains("complete -F"));
  }
}
