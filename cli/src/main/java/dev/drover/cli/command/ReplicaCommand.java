package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover replica}. */
@Command(
    name = "replica",
    description = "Lists and forgets the replicas of a volume.",
    subcommands = {ReplicaList.class, ReplicaForget.class})
final class ReplicaCommand extends VerbGroup {}
