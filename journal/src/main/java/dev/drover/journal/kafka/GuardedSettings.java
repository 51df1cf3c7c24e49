package dev.drover.journal.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The client settings that Drover's promises rest on: which values they may have, and why. A
 * setting that is not here may be passed to the clients freely.
 */
final class GuardedSettings {

  /** What a setting may be set to, and the promise that another value would break. */
  private record Guard(Set<String> allowed, String why) {}

  private static final Map<String, Guard> GUARDS = new TreeMap<>();

  static {
    guard("acks", Set.of("all", "-1"), "an acknowledged write must be on every in-sync broker");
    guard("enable.idempotence", Set.of("true"), "a retry must not write an intent twice");
    guard(
        "max.in.flight.requests.per.connection",
        Set.of("1", "2", "3", "4", "5"),
        "more than 5 in flight lose their order on a retry");
    guard("retries", Set.of("2147483647"), "the writer itself decides when the journal is lost");
    guard("delivery.timeout.ms", Set.of(), "--journal-timeout decides it");
    guard("max.block.ms", Set.of(), "the caller's own patience decides it");
    guard("max.request.size", Set.of(), "a record must fit, and the topic's limit decides");
    guard("transactional.id", Set.of(), "it is the replica's identity");
    guard("group.id", Set.of(), "it is the replica's identity");
    guard("group.protocol", Set.of("classic"), "Drover's consumers join no group");
    guard("group.instance.id", Set.of(), "Drover's consumers join no group");
    guard("isolation.level", Set.of("read_committed"), "an aborted compensation must not be seen");
    guard("enable.auto.commit", Set.of("false"), "offsets follow what is durable in the image");
    guard("auto.offset.reset", Set.of("none"), "a trimmed journal must be refused, not skipped");
    guard("check.crcs", Set.of("true"), "a damaged batch must be noticed");
    guard("allow.auto.create.topics", Set.of("false"), "topics have settings that matter");
    guard("bootstrap.servers", Set.of(), "--bootstrap-servers gives them");
    for (String codec :
        List.of("key.serializer", "value.serializer", "key.deserializer", "value.deserializer")) {
      guard(codec, Set.of(), "records have Drover's own format");
    }
    guard("interceptor.classes", Set.of(), "nothing may change or drop a record on its way");
    guard("partitioner.class", Set.of(), "a journal has one partition");
  }

  private GuardedSettings() {}

  private static void guard(String key, Set<String> allowed, String why) {
    GUARDS.put(key, new Guard(allowed, why));
  }

  /** Which promise rests on a setting; empty for a setting that is free. */
  static Optional<String> why(String key) {
    return Optional.ofNullable(GUARDS.get(key)).map(Guard::why);
  }

  /**
   * One line for each override in {@code given} that would break a promise.
   *
   * @param free keys that break none here
   */
  static List<String> refused(String scope, Map<String, String> given, Set<String> free) {
    List<String> refused = new ArrayList<>();
    given.forEach(
        (key, value) -> {
          Guard guard = GUARDS.get(key);
          if (guard != null
              && !free.contains(key)
              && !guard.allowed.contains(value.strip().toLowerCase(Locale.ROOT))) {
            String only = guard.allowed.isEmpty() ? "can't be set" : "must stay as it is";
            refused.add("%s%s=%s %s: %s".formatted(scope, key, value, only, guard.why));
          }
        });
    return refused;
  }
}
