package dev.drover.cli.image;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.SnapshotInfo;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code -l} of verbs that read: a snapshot by id or name, or as {@code
 * snapshot.id=ID,snapshot.name=NAME}, one of both or the two that belong together.
 */
final class SnapshotChoice {
  private static final Pattern FORM =
      Pattern.compile("(?:snapshot\\.id=(?<id>[^,]*))?,?(?:snapshot\\.name=(?<name>.*))?");

  /** The disk that the snapshot holds; it lives as long as the image. */
  static GuestDisk in(GuestDisk disk, String wish) throws IOException {
    if (!(disk instanceof Qcow2Image image)) {
      throw CommandFailure.failed(
          "SNAPSHOT", "Can't find snapshot: a raw image has none", "leave -l out");
    }
    Matcher form = FORM.matcher(wish);
    if (!form.matches()) {
      return image.openSnapshot(wish);
    }
    List<SnapshotInfo> found =
        image.snapshots().stream()
            .filter(each -> form.group("id") == null || each.id().equals(form.group("id")))
            .filter(each -> form.group("name") == null || each.name().equals(form.group("name")))
            .toList();
    if (found.isEmpty()) {
      throw CommandFailure.failed(
          "SNAPSHOT", "Can't find snapshot " + wish, "see 'drover image snapshot -l'");
    }
    return image.openSnapshot(found.getFirst().id());
  }

  private SnapshotChoice() {}
}
