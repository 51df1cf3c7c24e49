package dev.drover.cli.image;

import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.qcow2.BitmapInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Dirty bitmaps as qemu-img info shows them. */
final class BitmapText {

  /** One, as JSON. */
  static Map<String, Object> fields(BitmapInfo bitmap) {
    return Fields.of("flags", flags(bitmap))
        .and("name", bitmap.name())
        .and("granularity", bitmap.granularityBytes())
        .map();
  }

  private static List<String> flags(BitmapInfo bitmap) {
    List<String> flags = new ArrayList<>();
    if (bitmap.inUse()) {
      flags.add("in-use");
    }
    if (bitmap.enabled()) {
      flags.add("auto");
    }
    if (bitmap.foreign()) {
      flags.add("incompatible");
    }
    return flags;
  }

  /** All of an image, as text. */
  static void print(Console console, List<BitmapInfo> bitmaps) {
    console.line("    bitmaps:");
    for (int i = 0; i < bitmaps.size(); i++) {
      console.line("        [" + i + "]:");
      console.line("            flags:");
      List<String> flags = flags(bitmaps.get(i));
      for (int flag = 0; flag < flags.size(); flag++) {
        console.line("                [" + flag + "]: " + flags.get(flag));
      }
      console.line("            name: " + SnapshotList.printable(bitmaps.get(i).name()));
      console.line("            granularity: " + bitmaps.get(i).granularityBytes());
    }
  }

  private BitmapText() {}
}
