package dev.drover.system.layers.broken.qcow2;

import com.fasterxml.jackson.databind.ObjectMapper;

final class KnowsJson {
  final ObjectMapper json = new ObjectMapper();
}
