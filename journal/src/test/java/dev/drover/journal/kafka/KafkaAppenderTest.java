package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalRecord;
import dev.drover.journal.RecordCodec;
import dev.drover.journal.WriterLog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class KafkaAppenderTest {
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final KafkaWriterLog.KafkaAppender appender =
      new KafkaWriterLog.KafkaAppender(producer, "t");
  private final List<String> receipts = new ArrayList<>();

  private JournalRecord append(long sequence) {
    JournalRecord record =
        new JournalRecord(new UUID(1, 2), 0, sequence, -1, 77, 0, new Intent.Flush());
    appender.append(
        record,
        new WriterLog.Receipt() {
          @Override
          public void acknowledged(long offset) {
            receipts.add(sequence + " at " + offset);
          }

          @Override
          public void failed(Exception cause) {
            receipts.add(sequence + " failed" + (producer.closed() ? "" : ", and goes on"));
          }
        });
    return record;
  }

  @Test
  void aRecordGoesOutAsItIsWithItsOwnTimeAndNoKey() throws JournalException {
    JournalRecord record = append(0);
    var sent = producer.history().getFirst();
    assertEquals(record, RecordCodec.decode(ByteBuffer.wrap(sent.value())));
    assertEquals(77, sent.timestamp());
    assertEquals(0, sent.partition());
    assertEquals(null, sent.key());
  }

  @Test
  void anAcknowledgementCarriesTheOffset() {
    append(0);
    append(1);
    producer.completeNext();
    producer.completeNext();
    assertEquals(List.of("0 at 0", "1 at 1"), receipts);
  }

  @Test
  void theCallbackThatFailsClosesTheProducerBeforeAnythingElseIsTold() {
    append(0);
    append(1);
    producer.errorNext(new TimeoutException("expired"));
    assertTrue(producer.closed());
    assertEquals("0 failed", receipts.getFirst());
  }

  @Test
  void nothingIsSentAfterAFailure() {
    append(0);
    producer.errorNext(new TimeoutException("expired"));
    append(1);
    assertEquals(1, producer.history().size());
    assertEquals(List.of("0 failed", "1 failed"), receipts);
  }

  @Test
  void aSendThatThrowsIsAFailureLikeAnyOther() {
    producer.sendException = new IllegalStateException("no");
    append(0);
    assertEquals(List.of("0 failed"), receipts);
    assertFalse(!producer.closed());
  }
}
