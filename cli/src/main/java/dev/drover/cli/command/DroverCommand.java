package dev.drover.cli.command;

import dev.drover.cli.config.OwnKey;
import dev.drover.cli.image.ImageCommand;
import dev.drover.cli.session.FailureReport;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.value.IllegalValue;
import dev.drover.journal.kafka.Spelling;
import java.lang.reflect.Constructor;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The root: the options that every verb takes, and the list of verbs. */
@Command(
    name = "drover",
    description = "Journals a guest's disk writes to Kafka and applies them to qcow2 images.",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      DemoCommand.class,
      BrokerCommand.class,
      VolumeCommand.class,
      ServeCommand.class,
      ApplyCommand.class,
      ReplayCommand.class,
      SnapshotCommand.class,
      MarkCommand.class,
      JournalCommand.class,
      CompensationsCommand.class,
      StatusCommand.class,
      ReplicaCommand.class,
      VerifyCommand.class,
      ImageCommand.class,
      ConfigCommand.class,
      CompletionCommand.class,
    })
public final class DroverCommand implements Runnable {
  private final Session session;

  @Spec private CommandSpec spec;

  /** The command line, ready to execute; its exit codes and error lines are the contract's. */
  public static CommandLine line(Session session) {
    IFactory factory = factory(session);
    CommandLine line = new CommandLine(new DroverCommand(session), factory);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(session.console().writer());
    line.setErr(session.console().errorWriter());
    ImageCommand.endAsQemuImg(line.getSubcommands().get("image"));
    line.setParameterExceptionHandler(
        (e, args) -> {
          if (List.of(args).contains("--json")) {
            session.console().json(true);
          }
          CommandFailure failure = misuse(e);
          session.console().failure(failure);
          return failure.exit();
        });
    line.setExecutionExceptionHandler(
        (e, commandLine, parsed) -> {
          CommandFailure failure = failed(e, commandLine);
          session.console().failure(failure);
          return failure.exit();
        });
    return line;
  }

  private DroverCommand(Session session) {
    this.session = session;
  }

  @Option(
      names = "--bootstrap-servers",
      scope = ScopeType.INHERIT,
      paramLabel = "HOST:PORT",
      description = "The Kafka brokers (or DROVER_BOOTSTRAP_SERVERS).")
  void bootstrapServers(String value) {
    session.flag(OwnKey.BOOTSTRAP_SERVERS, value);
  }

  @Option(
      names = "--prefix",
      scope = ScopeType.INHERIT,
      paramLabel = "PREFIX",
      description = "What all topic names begin with (default: drover).")
  void prefix(String value) {
    session.flag(OwnKey.PREFIX, value);
  }

  @Option(
      names = "--config",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "Settings as key=value; kafka.* keys go to the Kafka clients (or DROVER_CONFIG).")
  void configuration(Path file) {
    session.configuration(file);
  }

  @Option(
      names = "--set",
      scope = ScopeType.INHERIT,
      paramLabel = "KEY=VALUE",
      description = "One setting as in --config; wins over it and over the environment.")
  void set(List<String> settings) {
    settings.forEach(session::set);
  }

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "Print JSON: one object, or for long verbs one a line and a summary last.")
  void json(boolean wanted) {
    session.console().json(wanted);
  }

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log more on standard error, with stack traces.")
  void verbose(boolean wanted) {
    session.console().verbose(wanted);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given");
  }

  /** Commands take the session in their constructor; everything else is made as picocli does. */
  private static IFactory factory(Session session) {
    IFactory fallback = CommandLine.defaultFactory();
    return new IFactory() {
      @Override
      public <K> K create(Class<K> type) throws Exception {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
          if (List.of(constructor.getParameterTypes()).equals(List.of(Session.class))) {
            constructor.setAccessible(true);
            return type.cast(constructor.newInstance(session));
          }
        }
        return fallback.create(type);
      }
    };
  }

  /** A wrong flag, size or name, in one line. */
  private static CommandFailure misuse(ParameterException e) {
    int exit = e.getCommandLine().getCommandSpec().exitCodeOnInvalidInput();
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof CommandFailure failure) {
        return failure;
      }
      if (cause instanceof IllegalValue) {
        return new CommandFailure(exit, "ILLEGAL_VALUE", cause.getMessage(), seeHelp(e), e);
      }
    }
    // Of a group of options picocli says "Error: " where it says nothing of a single one.
    String message = e.getMessage().replaceFirst("^Error: ", "");
    return new CommandFailure(exit, "USAGE", message, meant(e) + seeHelp(e), e);
  }

  private static CommandFailure failed(Exception e, CommandLine verb) {
    CommandFailure failure = FailureReport.of(e);
    if (failure == e || failure.exit() != Exit.USAGE.code()) {
      return failure;
    }
    int exit = verb.getCommandSpec().exitCodeOnInvalidInput();
    return new CommandFailure(exit, failure.code(), failure.getMessage(), failure.hint(), e);
  }

  private static String meant(ParameterException e) {
    if (!(e instanceof UnmatchedArgumentException unmatched)) {
      return "";
    }
    return Spelling.nearest(unmatched.getUnmatched().getFirst(), unmatched.getSuggestions())
        .map(name -> "is '" + name + "' meant? ")
        .orElse("");
  }

  private static String seeHelp(ParameterException e) {
    return "see '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'";
  }
}
