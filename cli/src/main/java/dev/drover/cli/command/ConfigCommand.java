package dev.drover.cli.command;

import dev.drover.cli.config.OwnKey;
import dev.drover.cli.config.Setting;
import dev.drover.cli.config.Settings;
import dev.drover.cli.replica.ServeRequest;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.Span;
import dev.drover.journal.kafka.KafkaSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code drover config}. */
@Command(
    name = "config",
    description = "Settings and where they come from.",
    subcommands = ConfigCommand.Print.class)
final class ConfigCommand extends VerbGroup {
  /** {@code drover config print}. */
  @Command(
      name = "print",
      description = {
        "Prints every effective setting and its origin; secrets are masked.",
        "Also what Drover itself gives to the Kafka clients. Exits 2 when a setting is wrong, and"
            + " names all that are."
      })
  static final class Print implements Callable<Integer> {
    /** Nothing is connected, so it does not matter where to. */
    private static final String NOWHERE = "localhost:9092";

    private final Session session;

    Print(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() throws Exception {
      Settings settings = session.settings();
      KafkaSettings kafka =
          new KafkaSettings(NOWHERE, settings.prefix(), settings.kafka())
              .withJournalTimeout(Span.parse(settings.value(OwnKey.JOURNAL_TIMEOUT)));
      List<Setting> all = withComputed(settings.all());
      kafka.own().forEach(own -> all.add(new Setting(own.key(), own.value(), origin(own))));
      if (session.console().json()) {
        session.console().object(Fields.of("settings", all.stream().map(Print::row).toList()));
      } else {
        all.forEach(setting -> session.console().line(setting.toString()));
      }
      return 0;
    }

    /** At its own place, what a process works out where nobody has set it. */
    private static List<Setting> withComputed(List<Setting> set) {
      List<Setting> all = new ArrayList<>(set);
      List<String> keys = set.stream().map(Setting::key).toList();
      if (!keys.contains(OwnKey.OVERLAY_SIZE.key())) {
        all.add(keys.indexOf(OwnKey.TOPIC_WATCH.key()), ServeRequest.standardOverlay());
      }
      return all;
    }

    private static String origin(KafkaSettings.OwnSetting own) {
      return own.why().map(why -> "Drover, fixed: " + why).orElse("Drover");
    }

    private static Map<String, Object> row(Setting setting) {
      return Fields.of("key", setting.key())
          .and("value", setting.shown())
          .and("origin", setting.origin())
          .map();
    }
  }
}
