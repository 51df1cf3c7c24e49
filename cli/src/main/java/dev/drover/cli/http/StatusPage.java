package dev.drover.cli.http;

import dev.drover.applier.ReplicaReport;
import java.util.List;

/** One page for people, refreshed by the browser. */
final class StatusPage {
  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="refresh" content="5">
      <meta name="viewport" content="width=device-width">
      <title>%1$s</title>
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem;
             padding: 0 1rem }
      th { text-align: left; font-weight: normal; color: #555; padding-right: 2rem }
      td { font-variant-numeric: tabular-nums }
      .trouble { color: #a00 }
      </style>
      </head>
      <body>
      %2$s<p><a href="status">status</a> · <a href="metrics">metrics</a> · <a href="livez">livez</a>
      · <a href="readyz">readyz</a></p>
      </body>
      </html>
      """;

  private static final String SECTION =
      """
      <h1>%1$s</h1>
      <p>%2$s</p>
      <table>
      %3$s</table>
      """;

  static String render(List<FollowedVolume> volumes) {
    StringBuilder sections = new StringBuilder();
    volumes.forEach(volume -> sections.append(section(volume)));
    String title = volumes.size() == 1 ? title(volumes.getFirst()) : "Drover";
    return PAGE.formatted(title, sections);
  }

  private static String title(FollowedVolume volume) {
    String replica = volume.replica().map(report -> " / " + report.replica()).orElse("");
    return escaped(volume.volume() + replica);
  }

  private static String section(FollowedVolume volume) {
    String trouble = volume.readinessTrouble();
    String state = escaped(trouble == null ? volume.state().name() : trouble);
    StringBuilder rows = new StringBuilder();
    row(rows, "image", volume.image());
    volume.replica().ifPresent(report -> rows(rows, report));
    return SECTION.formatted(
        title(volume),
        trouble == null ? state : "<strong class=\"trouble\">" + state + "</strong>",
        rows);
  }

  private static void rows(StringBuilder rows, ReplicaReport report) {
    row(rows, "applied offset", report.appliedOffset());
    row(rows, "journal's end", report.logEndOffset());
    row(rows, "records behind", report.lagRecords());
    row(rows, "bytes behind", report.lagBytes());
    row(rows, "seconds behind", report.lagSeconds());
    row(rows, "intents applied", report.intents());
    row(rows, "compensations", report.compensations());
    row(rows, "failed tries", report.faults());
  }

  private static void row(StringBuilder rows, String name, Object value) {
    rows.append("<tr><th>")
        .append(name)
        .append("</th><td>")
        .append(escaped(String.valueOf(value)))
        .append("</td></tr>\n");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private StatusPage() {}
}
