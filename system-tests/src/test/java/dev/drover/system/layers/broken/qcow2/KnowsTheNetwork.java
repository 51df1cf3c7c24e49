package dev.drover.system.layers.broken.qcow2;

import java.net.InetSocketAddress;

final class KnowsTheNetwork {
  InetSocketAddress peer;
}
