package dev.drover.cli.command;

import dev.drover.cli.value.IllegalValue;
import dev.drover.journal.Durability;
import dev.drover.journal.Durability.Policy;
import picocli.CommandLine.Option;

/** What a volume asks of its topics, as the verbs take it that make or alter one. */
final class DurabilityFlags {
  @Option(
      names = "--durability",
      paramLabel = "WORD",
      description =
          "What becomes of a topic that promises less than the volume asks for: warn, refuse, or"
              + " configured: what each process is told to do.")
  private String policy;

  @Option(
      names = "--replication-factor",
      paramLabel = "N",
      description = "Copies of each topic (0, default: 3, or as many as there are brokers).")
  private Integer replicationFactor;

  @Option(
      names = "--min-insync-replicas",
      paramLabel = "N",
      description = "Copies that an acknowledged write has (0, default: one less, at least 1).")
  private Integer minInsyncReplicas;

  /** Whether none was given. */
  boolean isEmpty() {
    return policy == null && replicationFactor == null && minInsyncReplicas == null;
  }

  /** What they ask for; what was not given stays as it was. */
  Durability over(Durability before) {
    try {
      return new Durability(
          policy == null ? before.policy() : parsed(policy),
          replicationFactor == null ? before.replicationFactor() : replicationFactor,
          minInsyncReplicas == null ? before.minInsyncReplicas() : minInsyncReplicas);
    } catch (IllegalArgumentException e) {
      throw new IllegalValue(e.getMessage());
    }
  }

  private static Policy parsed(String word) {
    return switch (word) {
      case "warn" -> Policy.WARN;
      case "refuse" -> Policy.REFUSE;
      case "configured" -> null;
      default -> throw new IllegalValue("'" + word + "' is neither warn, refuse nor configured");
    };
  }

  /** The same as a word. */
  static String word(Policy policy) {
    return switch (policy) {
      case WARN -> "warn";
      case REFUSE -> "refuse";
      case null -> "configured";
    };
  }
}
