package dev.drover.cli.image;

import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;

/**
 * Runs qemu-io's commands on a disk and says of each what qemu-io says, on the data stream. A
 * command that fails says so; what comes after it still runs.
 */
final class DiskCommands {
  private static final int MOST_BYTES = Integer.MAX_VALUE - 511;

  /** Options that are followed by a value. */
  private static final List<String> WITH_VALUE = List.of("-P", "-s", "-l");

  private final GuestDisk disk;
  private final Qcow2Image image;
  private final Console console;

  /**
   * @param image the disk, if it may be written to, else null
   */
  DiskCommands(GuestDisk disk, Qcow2Image image, Console console) {
    this.disk = disk;
    this.image = image;
    this.console = console;
  }

  /** One command, taken apart. */
  private record Words(String name, Map<String, String> options, List<String> arguments) {

    static Words of(String line, String allowed) {
      Queue<String> left = new ArrayDeque<>(Arrays.asList(line.trim().split("\\s+")));
      String name = left.remove();
      Map<String, String> options = new HashMap<>();
      while (!left.isEmpty() && left.element().startsWith("-")) {
        String option = left.remove();
        if (option.length() != 2 || allowed.indexOf(option.charAt(1)) < 0) {
          throw new IllegalValue("%s: invalid option %s".formatted(name, option));
        }
        boolean valued = WITH_VALUE.contains(option);
        if (valued && left.isEmpty()) {
          throw new IllegalValue("%s: option %s needs a value".formatted(name, option));
        }
        options.put(option, valued ? left.remove() : "");
      }
      return new Words(name, options, List.copyOf(left));
    }

    boolean has(String option) {
      return options.containsKey(option);
    }

    byte pattern(int unsaid) {
      String text = options.get("-P");
      long pattern = text == null ? unsaid : number(text);
      if (pattern < 0 || pattern > 255) {
        throw new IllegalValue("%s is not a valid pattern byte".formatted(text));
      }
      return (byte) pattern;
    }

    long size(String option, long unsaid) {
      return has(option) ? number(options.get(option)) : unsaid;
    }

    /** A size with a suffix, or a number in C's notation. */
    static long number(String text) {
      return text.startsWith("0x") || text.startsWith("0X")
          ? Long.parseUnsignedLong(text.substring(2), 16)
          : ByteSize.parse(text).bytes();
    }
  }

  /** Whether it did what it was to do. */
  boolean run(String line) {
    try {
      String name = line.trim().split("\\s+")[0];
      return switch (name) {
        case "write", "w" -> write(Words.of(line, "cquzP"));
        case "read", "r" -> read(Words.of(line, "qPsl"));
        case "discard", "d" -> discard(Words.of(line, "q"));
        case "flush", "f" -> flush();
        default -> {
          console.remark("command \"%s\" not found".formatted(name));
          yield false;
        }
      };
    } catch (IllegalValue | NumberFormatException e) {
      console.line(e.getMessage());
      return false;
    }
  }

  /** Something that may fail. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException;
  }

  /** What a command is about. */
  private record Range(long offset, int length) {

    static Range of(Words words) {
      if (words.arguments().size() != 2) {
        throw new IllegalValue(words.name() + " needs an offset and a length");
      }
      long length = Words.number(words.arguments().get(1));
      if (length > MOST_BYTES) {
        throw new IllegalValue("length cannot exceed %d".formatted(MOST_BYTES));
      }
      return new Range(Words.number(words.arguments().get(0)), (int) length);
    }
  }

  private boolean write(Words words) {
    Range range = Range.of(words);
    if (words.has("-u") && !words.has("-z")) {
      throw new IllegalValue("-u requires -z to be specified");
    }
    if (words.has("-z") && (words.has("-c") || words.has("-P"))) {
      throw new IllegalValue("-z cannot be combined with -c or -P");
    }
    byte pattern = words.pattern(0xcd);
    GuestOffset at = new GuestOffset(range.offset);
    return report(
        words,
        "write",
        "wrote",
        range,
        () -> {
          if (words.has("-z")) {
            image.writeZeroes(at, range.length, words.has("-u"));
          } else if (words.has("-c")) {
            image.writeCompressed(at, filled(range.length, pattern));
          } else {
            image.write(at, filled(range.length, pattern));
          }
        });
  }

  private static ByteBuffer filled(int length, byte pattern) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, pattern);
    return ByteBuffer.wrap(bytes);
  }

  private boolean discard(Words words) {
    Range range = Range.of(words);
    return report(
        words,
        "discard",
        "discard",
        range,
        () -> image.discard(new GuestOffset(range.offset), range.length));
  }

  private boolean read(Words words) {
    Range range = Range.of(words);
    if (!words.has("-P") && (words.has("-s") || words.has("-l"))) {
      throw new IllegalValue("-s and -l need -P");
    }
    long from = words.size("-s", 0);
    long length = words.size("-l", range.length - from);
    if (from < 0 || length < 0 || from + length > range.length) {
      throw new IllegalValue("pattern verification range exceeds end of read data");
    }
    byte pattern = words.pattern(0);
    ByteBuffer bytes = ByteBuffer.allocate(range.length);
    boolean[] wrong = {false};
    boolean done =
        report(
            words,
            "read",
            "read",
            range,
            () -> {
              disk.read(new GuestOffset(range.offset), bytes);
              ByteBuffer expected = filled((int) length, pattern);
              if (words.has("-P") && !expected.equals(bytes.slice((int) from, (int) length))) {
                wrong[0] = true;
                console.line(
                    "Pattern verification failed at offset %d, %d bytes"
                        .formatted(range.offset + from, length));
              }
            });
    return done && !wrong[0];
  }

  private boolean flush() {
    if (image == null) {
      return true;
    }
    try {
      image.flush();
      return true;
    } catch (IOException e) {
      return failed("flush", e);
    }
  }

  private boolean report(Words words, String verb, String past, Range range, Work work) {
    long start = System.nanoTime();
    try {
      if (range.offset > disk.virtualSizeBytes() - range.length) {
        throw new IOException("Input/output error");
      }
      if (image == null && !verb.equals("read")) {
        throw new IOException("Block node is read-only");
      }
      work.run();
    } catch (IOException e) {
      return failed(verb, e);
    } catch (IllegalArgumentException e) {
      return failed(verb, new IOException("Invalid argument"));
    }
    if (!words.has("-q")) {
      double seconds = Math.max(System.nanoTime() - start, 1) / 1e9;
      console.line(
          "%s %d/%d bytes at offset %d".formatted(past, range.length, range.length, range.offset));
      console.line(
          "%s, 1 ops; %s sec (%s/sec and %.4f ops/sec)"
              .formatted(
                  units(range.length),
                  "%05.2f".formatted(seconds),
                  units(range.length / seconds),
                  1 / seconds));
    }
    return true;
  }

  private boolean failed(String verb, IOException e) {
    console.line(verb + " failed: " + e.getMessage());
    if (e instanceof Qcow2Exception told) {
      console.remark(told.hint());
    }
    return false;
  }

  /** As qemu-io scales: exact where it can be, else three digits. */
  private static String units(double bytes) {
    String[] names = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    int power = 0;
    double value = bytes;
    while (value >= 1024 && power < names.length - 1) {
      value /= 1024;
      power++;
    }
    String digits =
        value == Math.rint(value)
            ? "%.0f".formatted(value)
            : String.format(Locale.ROOT, "%.3f", value);
    return digits + " " + names[power];
  }
}
