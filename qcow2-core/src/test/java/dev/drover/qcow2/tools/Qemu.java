package dev.drover.qcow2.tools;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's own programs as judges. Mark the test with {@link RequiresTools} for the ones it runs; no
 * output is parsed here beyond finding a field of flat JSON.
 */
public final class Qemu {

  /** What a program said; {@code output} is stdout and stderr as they came. */
  public record Result(int exitCode, String output) {

    /** Fails with the program's output unless it ended with 0. */
    public Result orFail() {
      if (exitCode != 0) {
        throw new AssertionError("exit code " + exitCode + ": " + output);
      }
      return this;
    }

    /** The number of a JSON field that occurs once; 0 where qemu-img leaves it out. */
    public long number(String field) {
      var matcher = java.util.regex.Pattern.compile("\"" + field + "\": (-?\\d+)").matcher(output);
      return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }
  }

  private Qemu() {}

  public static Result img(Object... arguments) {
    return run("qemu-img", arguments);
  }

  /** Each command becomes one {@code -c}; with {@code -r} or the like, use {@link #run}. */
  public static Result io(Path image, String... commands) {
    List<Object> arguments = new ArrayList<>(List.of("-f", "qcow2"));
    for (String command : commands) {
      arguments.add("-c");
      arguments.add(command);
    }
    arguments.add(image);
    return run("qemu-io", arguments.toArray());
  }

  /** {@code qemu-img check}: throws unless there is no error and no leak. */
  public static Result checkClean(Path image) {
    return img("check", "-f", "qcow2", "--output=json", image).orFail();
  }

  public static Result run(String program, Object... arguments) {
    List<String> command = new ArrayList<>(List.of(program));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), output);
    } catch (IOException e) {
      throw new AssertionError(program + " does not run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
