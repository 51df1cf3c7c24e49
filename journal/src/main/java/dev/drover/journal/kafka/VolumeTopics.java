package dev.drover.journal.kafka;

import dev.drover.journal.JournalNames;
import java.util.regex.Pattern;

/**
 * How topics, groups and transactional ids are called.
 *
 * @param prefix the installation's prefix
 */
public record VolumeTopics(String prefix) {
  // 100 + 63 + the longest suffix stays below Kafka's 249 characters.
  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  public VolumeTopics {
    if (prefix == null || !PREFIX.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "prefix \"%s\" is not of the form %s".formatted(prefix, PREFIX.pattern()));
    }
  }

  /** The journal. */
  public String intents(String volume) {
    return topic(volume, "intents");
  }

  /** What replicas gave back; compacted. */
  public String compensations(String volume) {
    return topic(volume, "compensations");
  }

  /** Requests to the live writer. */
  public String control(String volume) {
    return topic(volume, "control");
  }

  /** Volumes and replicas; compacted. */
  public String registry() {
    return prefix + ".registry";
  }

  /** The consumer group, and the transactional id, of one replica. */
  public String replica(String volume, String replica) {
    return topic(volume, JournalNames.check(replica));
  }

  private String topic(String volume, String suffix) {
    return prefix + "." + JournalNames.check(volume) + "." + suffix;
  }
}
