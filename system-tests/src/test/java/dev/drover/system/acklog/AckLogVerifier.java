package dev.drover.system.acklog;

import dev.drover.nbd.client.NbdClient;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Judges content by a log: a served volume, or a raw file. */
public final class AckLogVerifier {
  private static final int CHUNK_SECTORS = 2048;
  private static final int COMPLAINTS_MAX = 20;

  /** Guest content of the volume that the log is about. */
  @FunctionalInterface
  public interface Content {
    void read(long offset, ByteBuffer dst) throws IOException;
  }

  /**
   * The judgement.
   *
   * @param acknowledged writes in the log that were
   * @param inFlight writes in the log that were in flight when a connection was lost
   * @param undecided sectors that might hold several writes, for that reason
   * @param complaints empty when every sector holds what it may; the first ones otherwise
   */
  public record Report(
      long sectors, long acknowledged, long inFlight, long undecided, List<String> complaints) {
    public boolean good() {
      return complaints.isEmpty();
    }
  }

  private AckLogVerifier() {}

  public static Report verify(Path log, long sizeBytes, Content content) throws IOException {
    SectorHistory history = new SectorHistory((int) (sizeBytes / Stamp.SECTOR_BYTES));
    List<String> complaints = new ArrayList<>();
    long[] sentAndAcknowledged = new long[2];
    try (Stream<String> lines = Files.lines(log)) {
      lines
          .map(Line::parse)
          .forEach(
              line -> {
                sentAndAcknowledged[0] += line instanceof Line.Sent ? 1 : 0;
                sentAndAcknowledged[1] += line instanceof Line.Acknowledged ? 1 : 0;
                history.add(line).ifPresent(complaints::add);
              });
    }
    long undecided = history.undecided();
    for (int first = 0; first < history.sectors(); first += CHUNK_SECTORS) {
      int sectors = Math.min(CHUNK_SECTORS, history.sectors() - first);
      ByteBuffer data = ByteBuffer.allocate(sectors * Stamp.SECTOR_BYTES);
      content.read((long) first * Stamp.SECTOR_BYTES, data);
      data.flip();
      for (int i = 0; i < sectors && complaints.size() < COMPLAINTS_MAX; i++) {
        long found = Stamp.read(data, first + i);
        history.complaint(first + i, found).ifPresent(complaints::add);
      }
    }
    long inFlight = sentAndAcknowledged[0] - sentAndAcknowledged[1];
    return new Report(
        history.sectors(), sentAndAcknowledged[1], inFlight, undecided, List.copyOf(complaints));
  }

  /** Over the network, as a client would see it. */
  public static Report verify(Path log, URI volume) throws IOException {
    try (NbdClient client = NbdClient.connect(volume)) {
      return verify(
          log,
          client.sizeBytes(),
          (offset, dst) -> dst.put(NbdClient.await(client.read(offset, dst.remaining()))));
    }
  }

  /** In a raw image. */
  public static Report verify(Path log, Path raw) throws IOException {
    try (FileChannel file = FileChannel.open(raw, StandardOpenOption.READ)) {
      return verify(
          log,
          file.size(),
          (offset, dst) -> {
            long at = offset;
            while (dst.hasRemaining()) {
              int n = file.read(dst, at);
              if (n < 0) {
                throw new IOException(raw + " ends at " + at);
              }
              at += n;
            }
          });
    }
  }

  /** {@code AckLogVerifier LOG URI|RAW-FILE}: exits 0 when every sector holds what it may. */
  public static void main(String[] arguments) throws IOException {
    Path log = Path.of(arguments[0]);
    Report report =
        arguments[1].startsWith("nbd")
            ? verify(log, URI.create(arguments[1]))
            : verify(log, Path.of(arguments[1]));
    System.out.println(report);
    System.exit(report.good() ? 0 : 1);
  }
}
