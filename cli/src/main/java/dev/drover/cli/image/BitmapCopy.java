package dev.drover.cli.image;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.qcow2.BitmapInfo;
import dev.drover.qcow2.DirtyBitmaps;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The dirty bitmaps that a conversion takes along.
 *
 * @param source where they are
 * @param chosen those that can be trusted and used
 */
record BitmapCopy(DirtyBitmaps source, List<BitmapInfo> chosen) {
  /** Looks before anything is written whether all of them can be copied. */
  static BitmapCopy of(Qcow2Image image, Path file, boolean brokenSkipped, Console console)
      throws IOException {
    DirtyBitmaps bitmaps = image.bitmaps();
    List<BitmapInfo> chosen = new ArrayList<>();
    for (BitmapInfo each : bitmaps.list()) {
      String kind = each.inUse() ? "inconsistent" : "incompatible";
      if (!each.inUse() && !each.foreign()) {
        chosen.add(each);
      } else if (brokenSkipped) {
        console.remark("Skipping %s bitmap '%s'".formatted(kind, each.name()));
      } else {
        throw CommandFailure.failed(
            "BITMAP",
            "%s: Cannot copy %s bitmap '%s'".formatted(file, kind, each.name()),
            "add --skip-broken-bitmaps, or remove it: image bitmap --remove");
      }
    }
    return new BitmapCopy(bitmaps, List.copyOf(chosen));
  }

  /** Adds them to an image that has all its content; they follow what is written from then on. */
  void into(Qcow2Image image) throws IOException {
    DirtyBitmaps target = image.bitmaps();
    for (BitmapInfo each : chosen) {
      target.add(each.name(), each.granularityBytes(), false);
      target.merge(each.name(), source, each.name());
      if (each.enabled()) {
        target.enable(each.name());
      }
    }
  }
}
