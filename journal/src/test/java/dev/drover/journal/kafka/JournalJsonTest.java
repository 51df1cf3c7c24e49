package dev.drover.journal.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.drover.journal.ControlRequest;
import dev.drover.journal.Durability;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class JournalJsonTest {
  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678Z");
  private static final UUID ID = new UUID(1, 2);
  private static final String VOLUME =
      """
      {"name":"v","uuid":"00000000-0000-0001-0000-000000000002","sizeBytes":1024,"state":"READY",\
      "topic":"p.v.intents","topicId":"abc","chunkBytes":524288,\
      "created":"2026-01-02T03:04:05.678Z"}\
      """;

  private static VolumeDescriptor volume() {
    return new VolumeDescriptor(
        "v", ID, 1024, VolumeDescriptor.State.READY, "p.v.intents", "abc", 524288, TIME, null);
  }

  private static <T> T again(T value, Class<T> type) throws IOException {
    return JournalJson.read(JournalJson.write(value), type);
  }

  @Test
  void aVolumeIsReadableJsonWithoutWhatIsNotKnown() {
    assertEquals(VOLUME, new String(JournalJson.write(volume()), StandardCharsets.UTF_8));
  }

  @Test
  void everythingComesBackAsItWas() throws IOException {
    assertEquals(volume(), again(volume(), VolumeDescriptor.class));
    var importing = volume().importing(new VolumeDescriptor.ImportProgress("/i", 5, TIME, 4096));
    assertEquals(importing, again(importing, VolumeDescriptor.class));
    var asking = volume().asking(new Durability(Durability.Policy.REFUSE, 3, 2));
    assertEquals(asking, again(asking, VolumeDescriptor.class));
    assertEquals(volume(), asking.asking(Durability.AS_CONFIGURED));
    var request = ControlRequest.snapshotCreate(ID, "s", TIME);
    assertEquals(request, again(request, ControlRequest.class));
    var status =
        new ReplicaStatus(
            "v",
            "r",
            "/image",
            "host",
            ReplicaStatus.State.RUNNING,
            1,
            2,
            1,
            4096,
            0.5,
            null,
            null,
            TIME,
            ID,
            ID,
            new ReplicaStatus.ImageWitness(1, 2, 3, TIME, 9),
            true,
            false,
            "id",
            42,
            ID,
            7,
            false);
    assertEquals(status, again(status, ReplicaStatus.class));
  }

  @Test
  void fieldsOfANewerVersionAreIgnored() throws IOException {
    String newer = VOLUME.replace("{\"name\"", "{\"colour\":{\"a\":[1]},\"name\"");
    assertEquals(
        volume(), JournalJson.read(newer.getBytes(StandardCharsets.UTF_8), VolumeDescriptor.class));
  }

  @Test
  void whatIsNoSuchRecordIsAnIoExceptionAndNothingWorse() {
    for (String bad : new String[] {"", "[]", "{}", "{\"name\":5}", "\u0000"}) {
      byte[] bytes = bad.getBytes(StandardCharsets.UTF_8);
      assertThrows(IOException.class, () -> JournalJson.read(bytes, VolumeDescriptor.class), bad);
    }
  }
}
