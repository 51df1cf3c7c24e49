package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalException.Code;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What Kafka's failures, and this package's own refusals, are called in Drover. */
final class KafkaFaults {
  private KafkaFaults() {}

  /**
   * Kafka's failure as Drover's.
   *
   * @param doing what was attempted, as the end of "could not …"
   */
  static JournalException translate(KafkaSettings settings, String doing, Throwable failure) {
    return translate(settings, doing, failure, KafkaSettings.REACHABLE);
  }

  /**
   * The same of a client that gives up after another time.
   *
   * @param patience when it gave up
   */
  static JournalException translate(
      KafkaSettings settings, String doing, Throwable failure, Duration patience) {
    Throwable cause = cause(failure);
    String what = "could not " + doing;
    if (cause instanceof UnknownTopicOrPartitionException) {
      return new JournalException(Code.TOPIC_MISSING, what + ": there is no such topic", cause);
    }
    if (cause instanceof InterruptException) {
      return interrupted(doing);
    }
    if (cause instanceof TimeoutException) {
      // A producer says only this of a topic that was deleted.
      boolean missing = String.valueOf(cause.getMessage()).contains("not present in metadata");
      String also = missing ? ", or there is no such topic" : "";
      return unreachable(settings, doing + also, cause, patience);
    }
    if (cause instanceof SslAuthenticationException) {
      return handshakeFailed(what, cause);
    }
    if (cause instanceof AuthenticationException || cause instanceof AuthorizationException) {
      return new JournalException(Code.NOT_AUTHORIZED, what + ": " + cause.getMessage(), cause);
    }
    if (cause instanceof InvalidReplicationFactorException
        || cause instanceof InvalidTopicException) {
      return new JournalException(Code.USAGE, what + ": " + cause.getMessage(), cause);
    }
    ConfigException config = configuration(cause);
    if (config != null) {
      // Kafka checks the addresses' form and looks the names up in the same place.
      return config.getMessage().startsWith("No resolvable bootstrap")
          ? unreachable(settings, doing + ", no such host", config, patience)
          : new JournalException(Code.USAGE, what + ": " + config.getMessage(), config);
    }
    if (cause instanceof RetriableException) {
      return new JournalException(Code.NOT_AVAILABLE, what + ": " + cause.getMessage(), cause);
    }
    String why = cause instanceof ApiException ? cause.getMessage() : cause.toString();
    return new JournalException(Code.NOT_AVAILABLE, what + ": " + why, cause);
  }

  /** What happened, below the words of who only noticed it: a producer in a failed transaction. */
  private static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null
        && (cause instanceof ExecutionException
            || cause instanceof TransactionAbortableException
            || cause.getClass() == KafkaException.class)
        && configuration(cause) == null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static ConfigException configuration(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof ConfigException config) {
        return config;
      }
    }
    return null;
  }

  /** Kafka's own words for it may be "Failed to process post-handshake messages". */
  private static JournalException handshakeFailed(String what, Throwable cause) {
    Throwable deepest = cause;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return new JournalException(
            Code.NOT_AUTHORIZED,
            "%s: the TLS handshake failed: %s".formatted(what, deepest.getMessage()),
            cause)
        .withHint(
            "see docs/security.md: the brokers must trust this host's certificate"
                + " (kafka.ssl.keystore.*), and this host theirs (kafka.ssl.truststore.*)");
  }

  private static JournalException unreachable(
      KafkaSettings settings, String doing, Throwable cause, Duration patience) {
    return new JournalException(
        Code.UNREACHABLE,
        "no broker at %s answered within %d s (%s)"
            .formatted(settings.bootstrapServers(), patience.toSeconds(), doing),
        cause);
  }

  static JournalException noLeader(KafkaSettings settings, String topic) {
    return new JournalException(Code.NOT_AVAILABLE, "topic %s has no leader yet".formatted(topic));
  }

  static JournalException interrupted(String doing) {
    return new JournalException(Code.CLOSED, "interrupted: could not " + doing);
  }

  static JournalException unreadable(String topic, String key, Exception cause) {
    return new JournalException(
            Code.DAMAGED_RECORD,
            "the registry entry %s in topic %s can't be read: %s"
                .formatted(key, topic, firstLine(cause)),
            cause)
        .withHint("something else wrote it: delete that key, or upgrade this host's Drover");
  }

  static JournalException topicMissing(String topic) {
    return new JournalException(Code.TOPIC_MISSING, "there is no topic " + topic);
  }

  static JournalException wrongTopic(String topic, String why) {
    return new JournalException(Code.BAD_TOPIC, "topic %s %s".formatted(topic, why));
  }

  static JournalException recreated(VolumeDescriptor volume, String topicId) {
    return new JournalException(
        Code.RECREATED,
        "volume %s: topic %s was recreated: its id is %s, the volume's is %s"
            .formatted(volume.name(), volume.topic(), topicId, volume.topicId()));
  }

  static JournalException volumeMissing(KafkaSettings settings, String name) {
    return new JournalException(
        Code.VOLUME_MISSING,
        "there is no volume %s under prefix %s at %s"
            .formatted(name, settings.prefix(), settings.bootstrapServers()));
  }

  static JournalException volumeExists(String name, String why) {
    return new JournalException(Code.VOLUME_EXISTS, "volume %s %s".formatted(name, why));
  }

  static JournalException neverAcknowledged(String volume, int replication, int minInsync) {
    return new JournalException(
            Code.USAGE,
            "volume %s: %d in-sync copies of %d: no write could ever be acknowledged"
                .formatted(volume, minInsync, replication))
        .withHint(
            "give --min-insync-replicas %d or 0, or ask for more copies, too"
                .formatted(replication));
  }

  static JournalException tooFewBrokers(String volume, int replication, int brokers) {
    return new JournalException(
            Code.USAGE,
            "volume %s: %d copies were asked for, but there %s"
                .formatted(
                    volume,
                    replication,
                    brokers == 1 ? "is 1 broker" : "are " + brokers + " brokers"))
        .withHint(
            "give --replication-factor %d or nothing, or start more brokers".formatted(brokers));
  }

  static JournalException imageChanged(String name, String image) {
    return new JournalException(
            Code.VOLUME_EXISTS,
            "volume %s: the import began with another content of %s".formatted(name, image))
        .withHint("delete the volume and import the image as it is now");
  }

  static JournalException volumeNotReady(VolumeDescriptor volume) {
    String what =
        switch (volume.state()) {
          case CREATING -> "was not created completely";
          case IMPORTING -> "is still being imported";
          case READY -> throw new IllegalArgumentException("volume is ready");
        };
    return new JournalException(
        Code.VOLUME_NOT_READY, "volume %s %s".formatted(volume.name(), what));
  }

  static JournalException writerAlive(VolumeDescriptor volume, WriterState writer) {
    return new JournalException(
        Code.WRITER_ALIVE,
        "volume %s is served by %s (image %s, epoch %d), last heard of at %s"
            .formatted(
                volume.name(), writer.host(), writer.image(), writer.epoch(), writer.lastSeen()));
  }

  static JournalException tooShort(String topic, long from, long to) {
    return new JournalException(
            Code.TRUNCATED, "the journal ends here, it should reach offset " + from)
        .at(topic, to);
  }

  static JournalException outOfRange(String topic, long offset, Exception cause) {
    return new JournalException(Code.TRUNCATED, "the journal no longer has this offset", cause)
        .at(topic, offset);
  }

  static String firstLine(Throwable failure) {
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    return message.lines().findFirst().orElse("");
  }

  static void closeQuietly(Consumer<?, ?> consumer) {
    try {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    } catch (KafkaException e) {
      // It stored nothing and joined no group: there is nothing that a failed goodbye could lose.
    }
  }
}
