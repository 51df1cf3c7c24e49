package dev.drover.system.layers.broken.journal.kafka;

import kafka.server.KafkaConfig;

final class EmbedsTheBroker {
  KafkaConfig config;
}
