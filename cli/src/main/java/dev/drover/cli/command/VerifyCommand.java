package dev.drover.cli.command;

import dev.drover.cli.image.Verification;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover verify}. */
@Command(
    name = "verify",
    description = {
      "Compares the guest content of two replicas, each at a point of its journal.",
      "Exits 0 when it is the same, 1 when it differs, 2 or 3 when that cannot be told: an image is"
          + " held by a process, or is between two points. --snapshot compares that snapshot in"
          + " both, also while they are held."
    })
final class VerifyCommand implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "IMAGE_A", description = "A replica.")
  private Path one;

  @Parameters(index = "1", paramLabel = "IMAGE_B", description = "Another.")
  private Path other;

  @Option(names = "--snapshot", paramLabel = "S", description = "Compare this snapshot in both.")
  private String snapshot;

  VerifyCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Verification found = Verification.of(one, other, Optional.ofNullable(snapshot));
    Console console = session.console();
    Long difference =
        found.firstDifference().isPresent() ? found.firstDifference().getAsLong() : null;
    if (console.json()) {
      console.object(
          Fields.of("identical", found.isSame())
              .and("firstDifference", difference)
              .and("offsets", new long[] {found.oneOffset(), found.otherOffset()}));
    } else {
      console.line("%s: at offset %d".formatted(one, found.oneOffset()));
      console.line("%s: at offset %d".formatted(other, found.otherOffset()));
      console.line(
          difference != null
              ? "Content mismatch at guest offset " + difference + "!"
              : found.isSame() ? "Guest content is identical." : "The sizes differ!");
    }
    return found.isSame() ? 0 : 1;
  }
}
