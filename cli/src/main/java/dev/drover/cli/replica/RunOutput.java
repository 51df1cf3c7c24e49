package dev.drover.cli.replica;

import dev.drover.applier.ApplySummary;
import dev.drover.applier.ReplicaReport;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.value.ByteSize;

/**
 * How a run tells where it is: bars for people, lines of JSON for programs. One of many tells
 * people only of changes, and its end is not the end of the data.
 */
final class RunOutput {
  private final Console console;
  private final String verb;
  private final boolean alone;
  private final Pace pace = new Pace();
  private ReplicaReport last;

  /** Of the only run of a process. */
  RunOutput(Console console, String verb) {
    this(console, verb, true);
  }

  /**
   * @param alone whether the process has no other run
   */
  RunOutput(Console console, String verb, boolean alone) {
    this.console = console;
    this.verb = verb;
    this.alone = alone;
  }

  /** Once the image is open. */
  void started(ReplicaReport report) {
    last = report;
    if (console.json()) {
      console.object(
          Fields.of("type", "started")
              .and("volume", report.volume())
              .and("replica", report.replica())
              .and("image", report.image().toString())
              .and("fromOffset", report.fromOffset()));
    } else {
      console.remark(
          "%s: volume %s, replica %s, image %s, from offset %d"
              .formatted(
                  verb, report.volume(), report.replica(), report.image(), report.fromOffset()));
    }
  }

  /** The same for a run that logs nothing by itself: a fault is said once, and that it is over. */
  void progressAndFaults(ReplicaReport report) {
    report
        .fault()
        .filter(fault -> last == null || last.fault().isEmpty())
        .ifPresent(
            fault ->
                console.remark(
                    "%s: FAULTED (%s): %s; %s"
                        .formatted(verb, fault.code(), fault.reason(), fault.hint())));
    if (last != null && last.fault().isPresent() && report.fault().isEmpty()) {
      console.remark("%s: running again at offset %d".formatted(verb, report.appliedOffset()));
    }
    progress(report);
  }

  /** About every second; says only what is new. */
  void progress(ReplicaReport report) {
    boolean sameState = last != null && last.state() == report.state();
    boolean same = sameState && last.appliedOffset() == report.appliedOffset();
    last = report;
    pace.at(report);
    if (same) {
      return;
    }
    if (console.json()) {
      console.object(
          Fields.of("type", "progress")
              .and("volume", report.volume())
              .and("state", report.state())
              .and("appliedOffset", report.appliedOffset())
              .and("logEndOffset", report.logEndOffset())
              .and("lagRecords", report.lagRecords())
              .and("lagBytes", report.lagBytes())
              .andIf("untilOffset", report.untilOffset() < 0 ? null : report.untilOffset())
              .andIf("bytesPerSecond", pace.bytesPerSecond())
              .andIf("secondsLeft", pace.secondsLeft())
              .andIf("reason", report.fault().map(fault -> fault.reason()).orElse(null)));
    } else if (!alone && !sameState) {
      console.remark(
          "%s: volume %s: %s at offset %d of %d"
              .formatted(
                  verb,
                  report.volume(),
                  report.state(),
                  report.appliedOffset(),
                  report.logEndOffset()));
    } else if (alone) {
      console.bar(
          "%s: %s, offset %d of %d, %s behind%s"
              .formatted(
                  verb,
                  report.state(),
                  report.appliedOffset(),
                  report.untilOffset() < 0 ? report.logEndOffset() : report.untilOffset(),
                  ByteSize.text(report.lagBytes()),
                  pace.text()));
    }
  }

  /** The last word. */
  void summary(ApplySummary summary) {
    if (console.json()) {
      console.object(
          Fields.of("type", alone ? "summary" : "ended")
              .and("volume", summary.volume())
              .and("replica", summary.replica())
              .and("image", summary.image().toString())
              .and("fromOffset", summary.fromOffset())
              .and("appliedOffset", summary.appliedOffset())
              .and("intents", summary.intents())
              .and("bytes", summary.bytes())
              .and("seconds", summary.seconds())
              .and("compensations", summary.compensations()));
    } else {
      console.line(
          "%s: offset %d to %d, %d intents, %s, %.1f s, %d compensations"
              .formatted(
                  summary.image(),
                  summary.fromOffset(),
                  summary.appliedOffset(),
                  summary.intents(),
                  ByteSize.text(summary.bytes()),
                  summary.seconds(),
                  summary.compensations()));
    }
  }
}
