package dev.drover.cli.terminal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.io.PrintWriter;

/** The two streams: data on one, everything for people's eyes on the other. Thread-safe. */
public final class Console {
  private static final ObjectMapper JSON =
      new ObjectMapper().disable(SerializationFeature.FAIL_ON_EMPTY_BEANS);

  private final PrintStream out;
  private final PrintStream err;
  private final boolean terminal;
  private boolean json;
  private boolean verbose;
  private boolean barOpen;

  public Console(PrintStream out, PrintStream err, boolean terminal) {
    this.out = out;
    this.err = err;
    this.terminal = terminal;
  }

  /** The process's own streams; bars only when a person is watching. */
  public static Console system() {
    java.io.Console console = System.console();
    return new Console(System.out, System.err, console != null && console.isTerminal());
  }

  public void json(boolean wanted) {
    json = wanted;
  }

  public boolean json() {
    return json;
  }

  public void verbose(boolean wanted) {
    verbose = wanted;
  }

  public boolean verbose() {
    return verbose;
  }

  /** For what picocli prints by itself, help and version. */
  public PrintWriter writer() {
    return new PrintWriter(out, true);
  }

  /** The same for standard error. */
  public PrintWriter errorWriter() {
    return new PrintWriter(err, true);
  }

  /** One line of data. */
  public synchronized void line(String text) {
    closeBar();
    out.println(text);
    out.flush();
  }

  /** Data that is complete as it stands. */
  public synchronized void text(String text) {
    closeBar();
    out.print(text);
    out.flush();
  }

  /** One JSON object on a line of its own. */
  public synchronized void object(Fields fields) {
    closeBar();
    out.println(render(fields.map()));
    out.flush();
  }

  /** One indented JSON object, as qemu-img prints them. */
  public synchronized void indented(Object tree) {
    closeBar();
    out.println(IndentedJson.render(tree));
    out.flush();
  }

  /** The last object of a long verb. */
  public void summary(Fields fields) {
    Fields all = Fields.of("type", "summary");
    fields.map().forEach(all::and);
    object(all);
  }

  /** A line for people, not data: progress, remarks, warnings. */
  public synchronized void remark(String text) {
    closeBar();
    err.println(text);
    err.flush();
  }

  /** Progress that replaces itself; nothing unless a person is watching. */
  public synchronized void bar(String text) {
    if (!terminal || json) {
      return;
    }
    err.print("\r\033[K" + text);
    err.flush();
    barOpen = true;
  }

  /** Says what went wrong: one line, and with --json one object as the last line of the data. */
  public synchronized void failure(CommandFailure failure) {
    closeBar();
    String hint = failure.hint();
    String message = oneLine(failure.getMessage());
    err.println("drover: " + message + (hint.isEmpty() ? "" : "; " + oneLine(hint)));
    if (verbose) {
      failure.printStackTrace(err);
    }
    err.flush();
    if (json) {
      object(
          Fields.of("type", "error")
              .and("code", failure.code())
              .and("message", message)
              .and("hint", hint));
    }
  }

  private void closeBar() {
    if (barOpen) {
      err.print("\r\033[K");
      err.flush();
      barOpen = false;
    }
  }

  private static String oneLine(String text) {
    return text == null ? "" : text.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static String render(Object tree) {
    try {
      return JSON.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("not representable as JSON: " + tree, e);
    }
  }
}
