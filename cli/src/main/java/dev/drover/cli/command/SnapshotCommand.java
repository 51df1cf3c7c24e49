package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover snapshot}. */
@Command(
    name = "snapshot",
    description = "Takes and lists snapshots: records that every replica takes at the same intent.",
    subcommands = {SnapshotCreate.class, SnapshotList.class})
final class SnapshotCommand extends VerbGroup {}
