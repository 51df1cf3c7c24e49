package dev.drover.cli.image;

import dev.drover.applier.ImagePosition;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.qcow2.ImageInfo;
import java.util.Optional;

/**
 * What {@code image info} adds for an image that carries a position.
 *
 * @param position what it says; empty when it cannot be read
 * @param vouched whether nobody else has written to the image since
 */
record ReplicaText(Optional<ImagePosition> position, boolean vouched) {
  /** Empty for an image that never was a replica. */
  static Optional<ReplicaText> of(ImageInfo info) {
    if (!info.isReplica() && info.position().isEmpty()) {
      return Optional.empty();
    }
    Optional<ImagePosition> position;
    try {
      position = info.position().map(slot -> ImagePosition.of(slot.payload(), slot.clean()));
    } catch (IllegalArgumentException e) {
      position = Optional.empty();
    }
    return Optional.of(new ReplicaText(position, info.isReplica()));
  }

  Fields fields() {
    Fields fields = Fields.of("replica", vouched && position.isPresent());
    position.ifPresent(
        at ->
            fields
                .and("volume", at.volume().toString())
                .and("name", at.replica())
                .and("incarnation", at.incarnation().toString())
                .and("appliedOffset", at.applied().nextOffset())
                .and("atPoint", at.isAtPoint())
                .and("clean", at.clean()));
    return fields;
  }

  void print(Console console) {
    console.line("Replica information:");
    if (!vouched) {
      console.line("    modified: another program has written to it, it is no replica any more");
    }
    if (position.isEmpty()) {
      console.line("    position: cannot be read");
      return;
    }
    ImagePosition at = position.get();
    console.line("    volume: " + at.volume());
    console.line("    name: " + at.replica());
    console.line("    incarnation: " + at.incarnation());
    console.line("    applied offset: " + at.applied().nextOffset());
    console.line("    at a point of the journal: " + at.isAtPoint());
    console.line("    its position slot is clean: " + at.clean());
  }
}
