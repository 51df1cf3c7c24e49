package dev.drover.system.acklog;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** One line of the log; the order of the lines is the order in which things happened. */
sealed interface Line {

  /** Written before the request is sent; {@code zero}: it zeroes, and carries no stamp. */
  record Sent(long write, boolean zero, long firstSector, int sectors) implements Line {}

  /** Written after the reply has arrived. */
  record Acknowledged(long write) implements Line {}

  /** Everything sent and not acknowledged was in flight when the connection was lost. */
  record Disconnected() implements Line {}

  /** Found in sectors on which nothing was in flight: the write that each one is from. */
  record Read(long firstSector, long[] writes) implements Line {}

  default String format() {
    return switch (this) {
      case Sent s ->
          "S %d %s %d %d".formatted(s.write, s.zero ? "Z" : "W", s.firstSector, s.sectors);
      case Acknowledged a -> "A " + a.write;
      case Disconnected _ -> "D";
      case Read r ->
          "R %d %s"
              .formatted(
                  r.firstSector,
                  LongStream.of(r.writes)
                      .mapToObj(Long::toString)
                      .collect(Collectors.joining(",")));
    };
  }

  static Line parse(String text) {
    String[] word = text.split(" ");
    return switch (word[0]) {
      case "S" ->
          new Sent(
              Long.parseLong(word[1]),
              word[2].equals("Z"),
              Long.parseLong(word[3]),
              Integer.parseInt(word[4]));
      case "A" -> new Acknowledged(Long.parseLong(word[1]));
      case "D" -> new Disconnected();
      case "R" ->
          new Read(
              Long.parseLong(word[1]),
              Arrays.stream(word[2].split(",")).mapToLong(Long::parseLong).toArray());
      default -> throw new IllegalArgumentException("not a line of an ack log: " + text);
    };
  }
}
