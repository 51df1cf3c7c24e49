package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover journal}. */
@Command(
    name = "journal",
    description = "Looks into a volume's journal.",
    subcommands = JournalDumpCommand.class)
final class JournalCommand extends VerbGroup {}
