package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover volume}. */
@Command(
    name = "volume",
    description = "Creates, shows and deletes volumes.",
    subcommands = {
      VolumeCreate.class,
      VolumeList.class,
      VolumeShow.class,
      VolumeDelete.class,
    })
final class VolumeCommand extends VerbGroup {}
