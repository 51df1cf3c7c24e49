package dev.drover.cli.image;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drover image}. */
@Command(
    name = "image",
    description = "qemu-img's verbs, for hosts without QEMU: same options, output and exit codes.",
    subcommands = {
      ImageCreateCommand.class,
      ImageInfoCommand.class,
      ImageCheckCommand.class,
      ImageCompareCommand.class,
      ImageMapCommand.class,
      ImageConvertCommand.class,
      ImageCommitCommand.class,
      ImageRebaseCommand.class,
      ImageResizeCommand.class,
      ImageSnapshotCommand.class,
      ImageIoCommand.class,
      ImageBitmapCommand.class,
      ImageMeasureCommand.class,
      ImageAmendCommand.class,
    })
public final class ImageCommand implements Runnable {
  @Spec private CommandSpec spec;

  /** A wrong word is 1 to qemu-img, whose 2 tells of a corrupt image, or of one that differs. */
  public static void endAsQemuImg(CommandLine image) {
    image.getCommandSpec().exitCodeOnInvalidInput(QemuExit.FAILED);
    image
        .getSubcommands()
        .values()
        .forEach(verb -> verb.getCommandSpec().exitCodeOnInvalidInput(QemuExit.FAILED));
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "'drover image' needs a verb: " + String.join(", ", spec.subcommands().keySet()));
  }
}
