package dev.drover.cli.http;

import dev.drover.applier.ReplicaReport;

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
      <title>%1$s / %2$s</title>
      <style>
      body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem;
             padding: 0 1rem }
      th { text-align: left; font-weight: normal; color: #555; padding-right: 2rem }
      td { font-variant-numeric: tabular-nums }
      .trouble { color: #a00 }
      </style>
      </head>
      <body>
      <h1>%1$s / %2$s</h1>
      <p>%3$s</p>
      <table>
      %4$s</table>
      <p><a href="status">status</a> · <a href="metrics">metrics</a> · <a href="livez">livez</a>
      · <a href="readyz">readyz</a></p>
      </body>
      </html>
      """;

  static String render(ReplicaReport report) {
    String trouble = StatusServer.readinessTrouble(report);
    String state = escaped(trouble == null ? report.state().name() : trouble);
    StringBuilder rows = new StringBuilder();
    row(rows, "image", report.image());
    row(rows, "applied offset", report.appliedOffset());
    row(rows, "journal's end", report.logEndOffset());
    row(rows, "records behind", report.lagRecords());
    row(rows, "bytes behind", report.lagBytes());
    row(rows, "seconds behind", report.lagSeconds());
    row(rows, "intents applied", report.intents());
    row(rows, "compensations", report.compensations());
    row(rows, "failed tries", report.faults());
    return PAGE.formatted(
        escaped(report.volume()),
        escaped(report.replica()),
        trouble == null ? state : "<strong class=\"trouble\">" + state + "</strong>",
        rows);
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
