package dev.drover.journal.kafka;

import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.WriterState;
import java.util.List;

/**
 * What {@code volume show} prints. A volume in CREATING, or one that has lost its topic, has no
 * journal to look at, and one without a leader cannot be asked: the figures from there are −1 then.
 *
 * @param descriptor what the registry says
 * @param sizeBytes the size now, as far as somebody has read the journal: every resize does
 * @param partitions of the journal, or −1
 * @param replicationFactor copies of the journal, or −1
 * @param minInsyncReplicas copies that an acknowledgement needs, or −1
 * @param firstOffset the journal's beginning, or −1
 * @param logEndOffset the journal's end, or −1
 * @param writer who wrote last, seen by the registry's clock; null when nobody has, or when damage
 *     hides it
 * @param warnings what its topic promises less than it asks for
 * @param trouble why the brokers could not tell more; null when they could
 */
public record VolumeReport(
    VolumeDescriptor descriptor,
    long sizeBytes,
    int partitions,
    int replicationFactor,
    int minInsyncReplicas,
    long firstOffset,
    long logEndOffset,
    WriterState writer,
    List<TopicWarning> warnings,
    String trouble) {
  public VolumeReport {
    warnings = List.copyOf(warnings);
  }

  /** Of a volume that has no journal to look at, or none that could be asked. */
  static VolumeReport withoutJournal(VolumeDescriptor volume, String trouble) {
    return new VolumeReport(
        volume, volume.sizeBytes(), -1, -1, -1, -1, -1, null, List.of(), trouble);
  }
}
