package dev.drover.qcow2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What is done to backing chains by name: {@code cut commit}, {@code fail rebase}, {@code name}.
 */
public final class ChainRuns implements Consumer<String> {

  @Override
  public void accept(String line) {
    String[] words = line.split(" ");
    try {
      switch (words[0]) {
        case "cut" -> ChainFaultTest.cutEach(words[1]);
        case "fail" -> ChainFaultTest.failEach(words[1]);
        case "name" ->
            HeaderRewriteTest.renameAtEveryIo(
                FormatVersion.V3,
                4096,
                Optional.empty(),
                Optional.of(BackingReference.raw("name".repeat(150))));
        default -> throw new IllegalArgumentException("no run " + words[0]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
