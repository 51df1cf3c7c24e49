package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover snapshot}. */
@Command(
    name = "snapshot",
    description =
        "Takes, lists, drops and reverts to snapshots: every replica does it at the same intent.",
    subcommands = {
      SnapshotCreate.class,
      SnapshotList.class,
      SnapshotDelete.class,
      SnapshotRevert.class,
    })
final class SnapshotCommand extends VerbGroup {}
