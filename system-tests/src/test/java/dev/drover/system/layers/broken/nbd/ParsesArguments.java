package dev.drover.system.layers.broken.nbd;

import picocli.CommandLine;

final class ParsesArguments {
  CommandLine command;
}
