package dev.drover.cli.image;

import dev.drover.cli.image.ImageFile.Format;
import dev.drover.cli.session.Session;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.CheckReport;
import dev.drover.qcow2.ImageCheck;
import dev.drover.qcow2.ImageCheck.Repair;
import dev.drover.qcow2.check.Finding;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drover image check}, after qemu-img check. */
@Command(
    name = "check",
    description = {
      "Checks an image's references and refcounts; -r leaks frees what is lost, -r all mends all"
          + " that can be without giving up content.",
      "Exits 0 when it is clean, 1 when it could not be checked, 2 when it is corrupt, 3 when it"
          + " only has leaks, 63 when the format has nothing to check."
    })
final class ImageCheckCommand implements Callable<Integer> {
  private final Session session;

  @Mixin private ImageToLookAt image;

  @Option(
      names = "-r",
      paramLabel = "leaks|all",
      description = "Repair leaked clusters, or all that can be.")
  private String repair;

  @Option(names = "-q", description = "Print only errors.")
  private boolean quiet;

  @Mixin private SourceCache sourceCache;

  ImageCheckCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    sourceCache.check();
    Repair mode = mode();
    if (repair != null && image.forced()) {
      throw new IllegalValue("-r cannot go with -U: nobody may write while it repairs");
    }
    CheckReport report;
    try (HostFile host =
        repair == null
            ? ImageFile.open(image.file(), image.forced())
            : HostFile.openForWriting(image.file())) {
      if (ImageFile.format(host, image.format()) == Format.RAW) {
        throw new CommandFailure(
            QemuExit.NOTHING_TO_CHECK,
            "NOT_QCOW2",
            image.file() + ": this image format does not support checks",
            "",
            null);
      }
      ImageFile.requireDataFile(image.file(), host, image.forced());
      report = ImageCheck.check(host, mode);
    } catch (IOException e) {
      throw QemuExit.of(QemuExit.FAILED, e);
    }
    if (image.json(session)) {
      session.console().indented(fields(report).map());
    } else if (!quiet || report.exitCode() != 0) {
      print(report);
    }
    return report.exitCode();
  }

  private Repair mode() {
    return switch (repair) {
      case null -> Repair.NONE;
      case "leaks" -> Repair.LEAKS;
      case "all" -> Repair.ALL;
      default -> throw new IllegalValue("-r '" + repair + "' is not known; give leaks or all");
    };
  }

  /** As qemu-img: a count that is zero is left out, but for the errors. */
  private Fields fields(CheckReport report) {
    return Fields.of("image-end-offset", report.imageEndOffset())
        .andIf("total-clusters", some(report.totalClusters()))
        .andIf("fragmented-clusters", some(report.fragmentedClusters()))
        .andIf("allocated-clusters", some(report.allocatedClusters()))
        .andIf("compressed-clusters", some(report.compressedClusters()))
        .and("check-errors", report.checkErrors())
        .andIf("corruptions", some(report.corruptions()))
        .andIf("corruptions-fixed", some(report.corruptionsFixed()))
        .andIf("overlaps", some(report.overlaps()))
        .andIf("leaks", some(report.leaks()))
        .andIf("leaks-fixed", some(report.leaksFixed()))
        .and("filename", image.file().toString())
        .and("format", "qcow2");
  }

  private static Long some(long count) {
    return count == 0 ? null : count;
  }

  private void print(CheckReport report) {
    Console console = session.console();
    for (Finding finding : report.findings()) {
      console.remark(finding.toString());
    }
    if (report.leaksFixed() > 0 || report.corruptionsFixed() > 0) {
      console.line("The following inconsistencies were found and repaired:");
      console.line("");
      console.line("    %d leaked clusters".formatted(report.leaksFixed()));
      console.line("    %d corruptions".formatted(report.corruptionsFixed()));
      console.line("");
    }
    if (report.isClean()) {
      console.line("No errors were found on the image.");
    } else {
      problems(console, report);
    }
    if (report.allocatedClusters() > 0 && report.totalClusters() > 0) {
      console.line(
          "%d/%d = %.2f%% allocated, %.2f%% fragmented, %.2f%% compressed clusters"
              .formatted(
                  report.allocatedClusters(),
                  report.totalClusters(),
                  percent(report.allocatedClusters(), report.totalClusters()),
                  percent(report.fragmentedClusters(), report.allocatedClusters()),
                  percent(report.compressedClusters(), report.allocatedClusters())));
    }
    console.line("Image end offset: " + report.imageEndOffset());
  }

  private static void problems(Console console, CheckReport report) {
    if (report.corruptions() + report.overlaps() > 0) {
      console.line("");
      console.line(
          "%d errors were found on the image.".formatted(report.corruptions() + report.overlaps()));
      console.line("Data may be corrupted, or further writes to the image may corrupt it.");
    }
    if (report.leaks() > 0) {
      console.line("");
      console.line("%d leaked clusters were found on the image.".formatted(report.leaks()));
      console.line("This means waste of disk space, but no harm to data.");
    }
    if (report.checkErrors() > 0) {
      console.line("");
      console.line(
          "%d internal errors have occurred during the check.".formatted(report.checkErrors()));
    }
  }

  /** Rounded as C does, a half to the even neighbour: 3.125 is 3.12. */
  private static BigDecimal percent(long part, long whole) {
    return new BigDecimal(100.0 * part / whole).setScale(2, RoundingMode.HALF_EVEN);
  }
}
