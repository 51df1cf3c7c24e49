package dev.drover.cli.image;

import dev.drover.cli.terminal.Console;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.IllegalValue;
import dev.drover.qcow2.GuestDisk;
import dev.drover.qcow2.GuestOffset;
import dev.drover.qcow2.Qcow2Exception;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.WritableDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.stream.Stream;

/**
 * Runs qemu-io's commands on a disk and says of each what qemu-io says, on the data stream. A
 * command that fails says so; what comes after it still runs.
 */
final class DiskCommands {
  private static final int MOST_BYTES = Integer.MAX_VALUE - 511;

  /** Options that are followed by a value. */
  private static final List<String> WITH_VALUE = List.of("-P", "-s", "-l");

  private static final int DUMPED_BYTES = 16;

  private final GuestDisk disk;
  private final WritableDisk target;
  private final Console console;

  /**
   * @param target the disk, if it may be written to, else null
   */
  DiskCommands(GuestDisk disk, WritableDisk target, Console console) {
    this.disk = disk;
    this.target = target;
    this.console = console;
  }

  /** One command, taken apart. */
  private record Words(String name, Map<String, String> options, List<String> arguments) {

    static Words of(String line, String allowed) {
      Queue<String> left = new ArrayDeque<>(Arrays.asList(line.trim().split("\\s+")));
      String name = left.remove();
      Map<String, String> options = new HashMap<>();
      List<String> arguments = new ArrayList<>();
      while (!left.isEmpty()) {
        String word = left.remove();
        if (word.length() > 1 && word.startsWith("-")) { // also behind arguments, as getopt has it
          take(name, word.substring(1), allowed, left, options);
        } else {
          arguments.add(word);
        }
      }
      return new Words(name, options, List.copyOf(arguments));
    }

    /** Letters of one word, of which the last may have a value, there or in the next word. */
    private static void take(
        String name,
        String letters,
        String allowed,
        Queue<String> left,
        Map<String, String> options) {
      for (int i = 0; i < letters.length(); i++) {
        String option = "-" + letters.charAt(i);
        if (allowed.indexOf(letters.charAt(i)) < 0) {
          throw new IllegalValue("%s: invalid option -- '%s'".formatted(name, letters.charAt(i)));
        }
        if (!WITH_VALUE.contains(option)) {
          options.put(option, "");
        } else if (i + 1 < letters.length()) {
          options.put(option, letters.substring(i + 1));
          return;
        } else if (left.isEmpty()) {
          throw new IllegalValue("%s: option %s needs a value".formatted(name, option));
        } else {
          options.put(option, left.remove());
        }
      }
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
        case "write", "w" -> write(Words.of(line, "bcCfnpquzPs"));
        case "read", "r" -> read(Words.of(line, "abCpqvPsl"));
        case "discard", "d" -> discard(Words.of(line, "Cq"));
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
  private record Range(long offset, long length) {

    static Range of(Words words) {
      if (words.arguments().size() != 2) {
        throw new IllegalValue(words.name() + " needs an offset and a length");
      }
      long length = Words.number(words.arguments().get(1));
      if (length > MOST_BYTES && !(words.has("-n") && words.has("-z"))) {
        throw new IllegalValue("length cannot exceed %d".formatted(MOST_BYTES));
      }
      return new Range(Words.number(words.arguments().get(0)), length);
    }
  }

  private boolean write(Words words) {
    Range range = Range.of(words);
    check(words);
    GuestOffset at = new GuestOffset(range.offset);
    ByteBuffer bytes =
        words.has("-z") ? null : content(words, (int) range.length, words.pattern(0xcd));
    return report(
        words,
        "write",
        "wrote",
        range,
        () -> {
          if (words.has("-z")) {
            requireFast(words, range);
            target.writeZeroes(at, range.length, words.has("-u"));
          } else if (words.has("-c")) {
            compressing().writeCompressed(at, bytes);
          } else {
            target.write(at, bytes);
          }
          if (words.has("-f")) {
            target.flush();
          }
        });
  }

  private static void check(Words words) {
    if (words.has("-u") && !words.has("-z")) {
      throw new IllegalValue("-u requires -z to be specified");
    }
    if (words.has("-n") && !words.has("-z")) {
      throw new IllegalValue("-n requires -z to be specified");
    }
    if (Stream.of("-z", "-P", "-s").filter(words::has).count() > 1) {
      throw new IllegalValue("Only one of -z, -P, and -s can be specified at the same time");
    }
    requireDisk(words);
  }

  /** The state of a machine lies behind the disk; nothing here makes or reads one. */
  private static void requireDisk(Words words) {
    if (words.has("-b")) {
      throw new IllegalValue(words.name() + ": -b, for the VM state, is not offered");
    }
  }

  private Qcow2Image compressing() throws IOException {
    if (target instanceof Qcow2Image image) {
      return image;
    }
    throw new IOException("Operation not supported");
  }

  /** With -n zeroes must cost no more than entries of tables. */
  private void requireFast(Words words, Range range) throws IOException {
    if (words.has("-n")) {
      int grain = compressing().clusterSizeBytes();
      long end = range.offset + range.length;
      if (range.offset % grain != 0 || end % grain != 0 && end != disk.virtualSizeBytes()) {
        throw new IOException("Operation not supported");
      }
    }
  }

  /** The pattern byte all over, or a file's bytes again and again. */
  private static ByteBuffer content(Words words, int length, byte pattern) {
    String file = words.options().get("-s");
    if (file == null) {
      return filled(length, pattern);
    }
    byte[] repeated;
    try {
      repeated = Files.readAllBytes(Path.of(file));
    } catch (NoSuchFileException e) {
      throw new IllegalValue(file + ": No such file or directory");
    } catch (IOException e) {
      throw new IllegalValue(file + ": " + e.getMessage());
    }
    if (repeated.length == 0) {
      throw new IllegalValue(file + ": file is empty");
    }
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = repeated[i % repeated.length];
    }
    return ByteBuffer.wrap(bytes);
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
        () -> target.discard(new GuestOffset(range.offset), range.length));
  }

  private boolean read(Words words) {
    Range range = Range.of(words);
    requireDisk(words);
    if (!words.has("-P") && (words.has("-s") || words.has("-l"))) {
      throw new IllegalValue("-s and -l need -P");
    }
    long from = words.size("-s", 0);
    long length = words.size("-l", range.length - from);
    if (from < 0 || length < 0 || from + length > range.length) {
      throw new IllegalValue("pattern verification range exceeds end of read data");
    }
    byte pattern = words.pattern(0);
    ByteBuffer bytes = ByteBuffer.allocate((int) range.length);
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
              if (words.has("-v")) {
                dump(range.offset, bytes.array());
              }
            });
    return done && !wrong[0];
  }

  private boolean flush() {
    if (target == null) {
      return readOnly();
    }
    try {
      target.flush();
      return true;
    } catch (IOException e) {
      return failed("flush", e);
    }
  }

  private boolean readOnly() {
    console.remark("Block node is read-only");
    return false;
  }

  private void dump(long offset, byte[] bytes) {
    for (int at = 0; at < bytes.length; at += DUMPED_BYTES) {
      StringBuilder line = new StringBuilder("%08x:  ".formatted(offset + at));
      StringBuilder letters = new StringBuilder(" ");
      for (int i = at; i < Math.min(bytes.length, at + DUMPED_BYTES); i++) {
        line.append("%02x ".formatted(bytes[i]));
        boolean plain = bytes[i] > 0 && Character.isLetterOrDigit(bytes[i]);
        letters.append(plain ? (char) bytes[i] : '.');
      }
      console.line(line.append(letters).toString());
    }
  }

  private boolean report(Words words, String verb, String past, Range range, Work work) {
    if (target == null && !verb.equals("read")) {
      return readOnly();
    }
    long start = System.nanoTime();
    try {
      if (range.offset > disk.virtualSizeBytes() - range.length) {
        throw new IOException("Input/output error");
      }
      work.run();
    } catch (IOException e) {
      return failed(verb, e);
    } catch (IllegalArgumentException e) {
      return failed(verb, new IOException("Invalid argument"));
    }
    if (!words.has("-q")) {
      tell(words, past, range, Math.max(System.nanoTime() - start, 1) / 1e9);
    }
    return true;
  }

  private void tell(Words words, String past, Range range, double seconds) {
    if (words.has("-C")) {
      long hundredths = Math.round(seconds * 100);
      console.line(
          "%d,1,%d:%02d:%02d.%02d,%.3f,%.3f"
              .formatted(
                  range.length,
                  hundredths / 360_000,
                  hundredths / 6000 % 60,
                  hundredths / 100 % 60,
                  hundredths % 100,
                  range.length / seconds,
                  1 / seconds));
      return;
    }
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
