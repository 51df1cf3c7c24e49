package dev.drover.cli.demo;

import dev.drover.applier.ImagePosition;
import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.Comparison;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.ImageCompare;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Opens images on its own, with nothing that wrote them still running, and judges them. */
final class Judge {

  private final boolean qemu;

  Judge() {
    this.qemu =
        Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "qemu-img")));
  }

  boolean hasQemu() {
    return qemu;
  }

  /** What a check finds, without a verdict. */
  CheckReport check(Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      return ImageCheck.check(file, Repair.NONE);
    }
  }

  ImagePosition position(Path image) throws IOException {
    try (HostFile file = HostFile.openForReading(image)) {
      return ImagePosition.read(file);
    }
  }

  /** No leak, no corruption: by our walk, and by qemu-img's where there is one. */
  void requireClean(Path image) throws IOException, InterruptedException {
    CheckReport report = check(image);
    if (!report.isClean()) {
      throw new DemoFailure(
          "%s has %d leaked clusters and %d corruptions"
              .formatted(image.getFileName(), report.leaks(), report.corruptions()));
    }
    qemu(image, "check", "-q", "-f", "qcow2", image.toString());
  }

  /** The image, or a snapshot in it, has exactly the bytes of a raw file. */
  void requireContent(Path image, Optional<String> snapshot, Path raw)
      throws IOException, InterruptedException {
    try (Qcow2Image opened = Qcow2Image.open(HostFile.openForReading(image), true);
        GuestDisk content = snapshot.isEmpty() ? opened : opened.openSnapshot(snapshot.get());
        GuestDisk expected =
            BackingFiles.of(image).open(raw.toString(), BackingReference.raw(raw.toString()))) {
      Comparison comparison = ImageCompare.compare(expected, content);
      if (comparison.firstDifference().isPresent()) {
        throw new DemoFailure(
            "%s%s differs from what the guest wrote, first at byte %d"
                .formatted(
                    image.getFileName(),
                    snapshot.map(name -> " (snapshot " + name + ")").orElse(""),
                    comparison.firstDifference().getAsLong()));
      }
    }
    if (snapshot.isEmpty()) {
      qemu(image, "compare", "-q", "-f", "raw", "-F", "qcow2", raw.toString(), image.toString());
    }
  }

  private void qemu(Path image, String... arguments) throws IOException, InterruptedException {
    if (!qemu) {
      return;
    }
    String[] command = new String[arguments.length + 1];
    command[0] = "qemu-img";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    int exit = process.waitFor();
    if (exit != 0) {
      throw new DemoFailure(
          "qemu-img %s says %d of %s: %s"
              .formatted(arguments[0], exit, image.getFileName(), output.strip()));
    }
  }
}
