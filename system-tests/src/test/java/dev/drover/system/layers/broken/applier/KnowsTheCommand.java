package dev.drover.system.layers.broken.applier;

import dev.drover.system.layers.broken.cli.Command;

final class KnowsTheCommand {
  Command command;
}
