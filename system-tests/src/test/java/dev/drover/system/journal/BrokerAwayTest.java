package dev.drover.system.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException;
import dev.drover.journal.Position;
import dev.drover.journal.kafka.KafkaIntentSource;
import dev.drover.system.kafka.EmbeddedKafka;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BrokerAwayTest {
  private static final Duration SOON = Duration.ofMillis(200);

  @Test
  @Timeout(90)
  void aReaderNoticesThatItsBrokerIsAwaySaysSoAndGoesOnWhenItIsBack() throws Exception {
    try (var kafka = EmbeddedKafka.start(1);
        var journal = new RawJournal(kafka);
        var source = KafkaIntentSource.open(journal.settings(), journal.volume())) {
      long epoch = journal.epoch();
      source.seek(Position.START);
      while (source.position().nextOffset() < 1) {
        source.poll(SOON);
      }
      kafka.stopBroker(0);
      JournalException away = pollUntilItFails(source);
      assertTrue(away.retriable(), away.getMessage());
      assertEquals(JournalException.Code.UNREACHABLE, away.code());
      assertTrue(away.getMessage().contains(kafka.bootstrapServers()), away.getMessage());

      kafka.startBroker(0);
      journal.write(epoch, 0, 512);
      while (source.position().nextOffset() < 2) {
        try {
          source.poll(SOON);
        } catch (JournalException stillAway) {
          assertTrue(stillAway.retriable(), stillAway.getMessage());
        }
      }
    }
  }

  private static JournalException pollUntilItFails(KafkaIntentSource source) {
    try {
      while (true) {
        source.poll(SOON);
      }
    } catch (JournalException e) {
      return e;
    }
  }
}
