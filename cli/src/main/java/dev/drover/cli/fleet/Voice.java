package dev.drover.cli.fleet;

import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;

/** How a fleet tells that a volume cannot go on, and that it does again: one line each. */
record Voice(Console console) implements FleetMember.Listener {
  @Override
  public void troubled(FleetMember member, CommandFailure why) {
    if (console.json()) {
      console.object(
          Fields.of("type", "fault")
              .and("volume", member.target().volume())
              .and("code", why.code())
              .and("message", why.getMessage())
              .and("hint", why.hint()));
    } else {
      String hint = why.hint().isEmpty() ? "" : "; " + why.hint();
      console.remark("volume %s: %s%s".formatted(member.target().volume(), why.getMessage(), hint));
    }
  }

  @Override
  public void resumed(FleetMember member) {
    if (console.json()) {
      console.object(Fields.of("type", "resumed").and("volume", member.target().volume()));
    } else {
      console.remark("volume %s: running again".formatted(member.target().volume()));
    }
  }
}
