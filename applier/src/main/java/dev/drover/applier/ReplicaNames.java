package dev.drover.applier;

import dev.drover.journal.JournalNames;
import java.nio.file.Path;

/** What a replica is called when nobody names it: STEM-HOSTNAME, in the form that names have. */
public final class ReplicaNames {

  /** As a hint ends: what names a replica in a process of one volume, and in one of several. */
  static final String CHOOSE_ANOTHER =
      "choose another --replica name; where one process has several volumes, set another HOSTNAME"
          + " for their new images, or share them out with --match";

  private static final int MAX_CHARS = 63;

  private ReplicaNames() {}

  /**
   * The name of a new replica.
   *
   * @param host what people call its machine
   */
  public static String of(Path image, String host) {
    String file = image.getFileName().toString();
    int dot = file.lastIndexOf('.');
    String stem = dot > 0 ? file.substring(0, dot) : file;
    String shortHost = host.contains(".") ? host.substring(0, host.indexOf('.')) : host;
    String wanted = (stem + "-" + shortHost).replaceAll("[^A-Za-z0-9_-]", "-");
    String begun = wanted.replaceFirst("^[_-]+", "");
    String name = begun.isEmpty() ? "replica" : begun;
    String fitting = name.substring(0, Math.min(MAX_CHARS, name.length()));
    JournalNames.check(fitting);
    return fitting;
  }
}
