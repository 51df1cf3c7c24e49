package dev.drover.applier;

import dev.drover.journal.IntentSource;
import dev.drover.journal.Registry;
import java.util.Objects;

/**
 * What a replica needs from outside. The source and the log belong to the replica from then on: it
 * closes them; the registry stays the caller's.
 *
 * @param source of this volume's intents; used by the replica's threads only
 * @param logs opens the replica's compensation log once its name is known
 * @param registry where heartbeats go, and where a name that is alive elsewhere is found
 * @param files how image files are opened
 * @param host this machine
 */
public record ReplicaPorts(
    IntentSource source,
    CompensationLog.Opener logs,
    Registry registry,
    ImageFiles files,
    LocalHost host) {

  public ReplicaPorts {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(logs, "logs");
    Objects.requireNonNull(registry, "registry");
    Objects.requireNonNull(files, "files");
    Objects.requireNonNull(host, "host");
  }
}
