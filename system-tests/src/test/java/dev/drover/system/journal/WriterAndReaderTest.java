package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Chunker;
import dev.drover.journal.Intent;
import dev.drover.journal.JournalEntry;
import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.kafka.KafkaIntentSink;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.journal.kafka.WriterIdentity;
import dev.drover.system.kafka.EmbeddedKafka;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WriterAndReaderTest {
  private static final int WRITES = 300;

  private final Map<Long, Long> promised = new HashMap<>();

  @Test
  void whatTwoWritersWerePromisedAReaderFindsAndTheirTotalsAddUp() throws Exception {
    try (var journal = new RawJournal(EmbeddedKafka.shared());
        var source = KafkaIntentSource.open(journal.settings(), journal.volume())) {
      KafkaIntentSink first = writer(journal, 1);
      append(first, 0);
      CompletableFuture<Long> open = first.append(new Intent.Flush());
      KafkaIntentSink second = writer(journal, 2);
      append(second, WRITES);
      assertFenced(first);
      first.close();
      second.append(new Intent.Write(9, ByteBuffer.allocate(Chunker.MAX_DATA_BYTES * 2 + 1)));
      second.close();

      source.seek(Position.START);
      long end = source.endOffset();
      List<JournalEntry> entries = new ArrayList<>();
      while (source.position().nextOffset() < end) {
        entries.addAll(source.poll(Duration.ofMillis(200)));
      }
      assertTrue(open.isDone());
      checkPromises(entries);
      long total = 2L * WRITES * 512 + Chunker.MAX_DATA_BYTES * 2 + 1;
      assertEquals(total, source.position().totalPayloadBytes());
      assertEquals(total, source.logEnd().totalPayloadBytes());
      assertEquals(new Intent.Heartbeat(true), entries.getLast().record().intent());
    }
  }

  private static KafkaIntentSink writer(RawJournal journal, long incarnation)
      throws JournalException {
    var me = new WriterIdentity("host", new UUID(0, incarnation), "image-" + incarnation);
    return KafkaIntentSink.open(journal.settings(), journal.volume(), me, true, Clock.systemUTC());
  }

  private void append(KafkaIntentSink sink, int from) {
    List<CompletableFuture<Long>> acks = new ArrayList<>();
    for (int i = 0; i < WRITES; i++) {
      acks.add(sink.append(new Intent.Write((from + i) * 512L, ByteBuffer.allocate(512))));
    }
    for (int i = 0; i < WRITES; i++) {
      promised.put((from + i) * 512L, acks.get(i).join());
    }
  }

  private static void assertFenced(KafkaIntentSink sink) {
    var refused =
        assertThrows(CompletionException.class, () -> sink.append(new Intent.Flush()).join());
    assertEquals(JournalException.Code.FENCED, ((JournalException) refused.getCause()).code());
  }

  private void checkPromises(List<JournalEntry> entries) {
    for (JournalEntry entry : entries) {
      if (entry.valid()
          && entry.record().intent() instanceof Intent.Write write
          && write.length() == 512) {
        assertEquals(entry.offset(), promised.remove(write.guestOffset()));
      }
    }
    assertEquals(Map.of(), promised);
  }
}
