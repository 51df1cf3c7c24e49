package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Durability;
import dev.drover.journal.Durability.Policy;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.VolumeDescriptor;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CheckedVolumeTest {

  private static CheckedVolume checked(
      Durability asked, int copies, int brokers, String... overrides) {
    VolumeDescriptor volume =
        new VolumeDescriptor(
                "v",
                new UUID(1, 2),
                1024,
                VolumeDescriptor.State.READY,
                "t",
                "id",
                512 << 10,
                Instant.EPOCH,
                null)
            .asking(asked);
    Map<String, String> settings =
        new HashMap<>(TopicRules.intents(TopicRules.minInsync(copies), 512 << 10));
    for (String override : overrides) {
      String[] pair = override.split("=");
      settings.put(pair[0], pair[1]);
    }
    List<TopicWarning> weaker =
        TopicRules.weaker(new TopicFacts("t", "id", 1, copies, settings), brokers, asked);
    return new CheckedVolume(volume, new JournalIdentity("c", "id"), copies, 1, weaker);
  }

  private static Durability asks(Policy policy) {
    return new Durability(policy, 0, 0);
  }

  private static String refused(CheckedVolume volume, boolean configured) {
    JournalException e =
        assertThrows(JournalException.class, () -> volume.requirePromises(configured));
    assertEquals(Code.WEAK_TOPIC, e.code());
    return e.hint();
  }

  @Test
  void ofTheVolumeAndTheProcessTheStricterOneDecides() throws Exception {
    checked(asks(null), 1, 3).requirePromises(false);
    checked(asks(Policy.WARN), 1, 3).requirePromises(false);
    checked(asks(Policy.REFUSE), 3, 3).requirePromises(true);
    assertTrue(refused(checked(asks(null), 1, 3), true).contains("durability=warn"));
    assertTrue(refused(checked(asks(Policy.WARN), 1, 3), true).contains("durability=warn"));
    assertTrue(
        refused(checked(asks(Policy.REFUSE), 1, 3), false)
            .contains("'drover volume alter v --durability warn'"));
  }

  @Test
  void brokersThatJoinStopNoVolumeInUse() throws Exception {
    CheckedVolume begun = checked(asks(Policy.REFUSE), 1, 1);
    checked(asks(Policy.REFUSE), 1, 3).requirePromisesStill(begun, true);
    refused(checked(asks(Policy.REFUSE), 1, 3), true);
  }

  @Test
  void aVolumeInUseIsStoppedByWhatWasAlteredOrIsAskedNow() {
    CheckedVolume begun = checked(asks(null), 3, 3);
    for (CheckedVolume now :
        List.of(
            checked(asks(Policy.REFUSE), 2, 3),
            checked(asks(Policy.REFUSE), 3, 3, "retention.ms=1000"),
            checked(new Durability(Policy.REFUSE, 4, 0), 3, 3))) {
      assertThrows(JournalException.class, () -> now.requirePromisesStill(begun, false));
    }
  }
}
