package dev.drover.system.layers.broken.applier;

import org.apache.kafka.common.TopicPartition;

final class ImportsKafka {
  TopicPartition partition;
}
