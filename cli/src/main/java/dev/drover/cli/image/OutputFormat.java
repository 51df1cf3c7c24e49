package dev.drover.cli.image;

/** qemu-img's {@code --output}. */
enum OutputFormat {
  HUMAN,
  JSON
}
