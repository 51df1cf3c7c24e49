package dev.drover.journal.kafka;

/**
 * A topic setting that promises less than a volume asks for, without making the journal wrong.
 *
 * @param topic the topic
 * @param setting the setting's name
 * @param actual what it is
 * @param wanted what it should be
 * @param meaning what an operator loses by it
 */
public record TopicWarning(
    String topic, String setting, String actual, String wanted, String meaning) {
  /** What is no setting by name: how many copies there are. */
  static final String REPLICATION = "replication factor";

  @Override
  public String toString() {
    return "topic %s: %s is %s, wanted %s: %s".formatted(topic, setting, actual, wanted, meaning);
  }
}
