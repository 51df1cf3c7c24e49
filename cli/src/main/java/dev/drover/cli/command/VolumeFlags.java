package dev.drover.cli.command;

import dev.drover.cli.fleet.NamePattern;
import dev.drover.cli.fleet.Selection;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.value.IllegalValue;
import dev.drover.cli.value.Names;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Which volumes {@code apply} and {@code serve} take: {@code NAME --image PATH} is one, {@code
 * NAME=PATH …} are several, {@code --dir DIR} all that match.
 */
final class VolumeFlags {
  private static final int MOST_IN_FOLDER = 64;

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "The volume; or NAME=PATH for each of several volumes.")
  private List<String> volumes = new ArrayList<>();

  @Option(names = "--image", paramLabel = "PATH", description = "The image of the one volume.")
  private Path image;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Take every volume, also those made later: each image is DIR/NAME.qcow2.")
  private Path folder;

  @Option(
      names = "--match",
      paramLabel = "PATTERN",
      description = "With --dir: only volumes with such a name; * and ? stand for any characters.")
  private String pattern;

  @Option(
      names = "--max-volumes",
      paramLabel = "N",
      description = "With --dir: take at most so many (default: 64); memory is divided by it.")
  private Integer most;

  /** The one volume, if one was named with --image; else {@link #several} has them. */
  Optional<Target> one() {
    if (image == null) {
      return Optional.empty();
    }
    if (folder != null || volumes.size() > 1 || volumes.stream().anyMatch(v -> v.contains("="))) {
      throw new IllegalValue("--image is the image of one volume; write NAME=PATH for several");
    }
    if (volumes.isEmpty()) {
      throw new IllegalValue("no volume given: NAME --image PATH");
    }
    requireFolder();
    return Optional.of(new Target(Names.check("volume", volumes.getFirst()), image));
  }

  /** The volumes of a process that takes several. */
  Selection several() {
    requireFolder();
    if (folder != null) {
      if (!volumes.isEmpty()) {
        throw new IllegalValue("--dir takes volumes by --match, not by name");
      }
      if (!Files.isDirectory(folder)) {
        throw new IllegalValue("--dir " + folder + " is no folder");
      }
      int max = most == null ? MOST_IN_FOLDER : most;
      if (max < 1) {
        throw new IllegalValue("--max-volumes " + max + " leaves none to take");
      }
      String names = pattern == null ? "*" : pattern;
      return new Selection.Folder(
          folder.toAbsolutePath().normalize(), NamePattern.parse(names), max);
    }
    if (volumes.isEmpty()) {
      throw new IllegalValue("no volume given: NAME --image PATH, or NAME=PATH …, or --dir DIR");
    }
    return new Selection.Pairs(pairs());
  }

  private void requireFolder() {
    if (folder == null && (pattern != null || most != null)) {
      throw new IllegalValue("--match and --max-volumes go with --dir");
    }
  }

  private List<Target> pairs() {
    List<Target> targets = new ArrayList<>();
    Set<Object> seen = new HashSet<>();
    for (String pair : volumes) {
      int equals = pair.indexOf('=');
      if (equals < 0) {
        throw new IllegalValue(
            "volume %s has no image: NAME --image PATH, or NAME=PATH".formatted(pair));
      }
      if (equals == pair.length() - 1) {
        throw new IllegalValue("'%s' names no image: NAME=PATH".formatted(pair));
      }
      String name = Names.check("volume", pair.substring(0, equals));
      Target target = new Target(name, Path.of(pair.substring(equals + 1)));
      if (!seen.add(target.volume()) || !seen.add(target.image())) {
        throw new IllegalValue("'%s': a volume or an image is named twice".formatted(pair));
      }
      targets.add(target);
    }
    return targets;
  }
}
