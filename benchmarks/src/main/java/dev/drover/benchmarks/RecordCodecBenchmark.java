package dev.drover.benchmarks;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one intent costs the gateway (encode) and an applier (decode): a header and two checksums.
 * The payload sizes are a small guest write, a page-cache write and the chunk limit.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RecordCodecBenchmark {

  /** Payload of the WRITE intent. */
  @Param({"4096", "65536", "524288"})
  public int payloadBytes;

  private JournalRecord record;
  private ByteBuffer encoded;
  private ByteBuffer header;

  /** One record, with bytes that no checksum can shortcut. */
  @Setup
  public void makeRecord() {
    byte[] payload = new byte[payloadBytes];
    new Random(1).nextBytes(payload);
    Intent.Write write = new Intent.Write(1L << 30, ByteBuffer.wrap(payload));
    record = new JournalRecord(new UUID(1, 2), 7, 1_000, 990, 1_700_000_000_000L, 1L << 40, write);
    encoded = RecordCodec.encode(record);
    header = ByteBuffer.allocate(RecordCodec.HEADER_BYTES);
  }

  /** Header and checksums only: the payload stays where it is. */
  @Benchmark
  public ByteBuffer encodeHeader() {
    RecordCodec.encodeHeader(record, header.clear());
    return header;
  }

  /** Header, checksums and a copy of the payload into one value for Kafka. */
  @Benchmark
  public ByteBuffer encode() {
    return RecordCodec.encode(record);
  }

  /** Both checksums verified, every field checked. */
  @Benchmark
  public JournalRecord decode() throws JournalException {
    return RecordCodec.decode(encoded.duplicate());
  }
}
