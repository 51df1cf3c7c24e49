package dev.drover.journal.kafka;

import dev.drover.journal.JournalException;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.VolumeDescriptor;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A volume whose topics have been looked at.
 *
 * @param descriptor what the registry says
 * @param identity the cluster and topic as they are now; images remember them
 * @param replicationFactor copies of the journal
 * @param minInsyncReplicas copies that an acknowledgement needs
 * @param warnings settings that promise less than the volume asks for
 */
public record CheckedVolume(
    VolumeDescriptor descriptor,
    JournalIdentity identity,
    int replicationFactor,
    int minInsyncReplicas,
    List<TopicWarning> warnings) {
  public CheckedVolume {
    warnings = List.copyOf(warnings);
  }

  /**
   * Nothing, if the topic keeps all that an acknowledged flush should mean, or may keep less.
   *
   * @param configured whether this process is told to refuse; the volume itself may ask for it too
   * @throws JournalException WEAK_TOPIC, with each setting and what is lost by it
   */
  public void requirePromises(boolean configured) throws JournalException {
    require(warnings, configured);
  }

  /**
   * The same of a volume in use: that brokers have joined, so that a new topic would have more
   * copies, is no reason to stop it.
   *
   * @param begun as it was when it was begun to be used
   */
  public void requirePromisesStill(CheckedVolume begun, boolean configured)
      throws JournalException {
    boolean asItWas =
        descriptor.asks().replicationFactor() == 0 && replicationFactor >= begun.replicationFactor;
    require(
        warnings.stream()
            .filter(each -> !asItWas || !each.setting().equals(TopicWarning.REPLICATION))
            .toList(),
        configured);
  }

  private void require(List<TopicWarning> broken, boolean configured) throws JournalException {
    if (broken.isEmpty() || !descriptor.asks().refuses(configured)) {
      return;
    }
    String lines = broken.stream().map(TopicWarning::toString).collect(Collectors.joining("; "));
    JournalException weak =
        new JournalException(
            JournalException.Code.WEAK_TOPIC, "volume %s: %s".formatted(descriptor.name(), lines));
    throw configured
        ? weak
        : weak.withHint(
            "alter the topic's settings, or accept them: 'drover volume alter %s --durability warn'"
                .formatted(descriptor.name()));
  }
}
