package dev.drover.cli.command;

import picocli.CommandLine.Command;

/** {@code drover volume}. */
@Command(
    name = "volume",
    description = "Creates, shows, resizes, alters and deletes volumes.",
    subcommands = {
      VolumeCreate.class,
      VolumeList.class,
      VolumeShow.class,
      VolumeResize.class,
      VolumeAlter.class,
      VolumeDelete.class,
    })
final class VolumeCommand extends VerbGroup {}
