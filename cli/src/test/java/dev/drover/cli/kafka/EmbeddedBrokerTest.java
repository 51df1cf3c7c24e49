package dev.drover.cli.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerTest {
  @TempDir private Path folder;

  @Test
  void itStartsAgainOnItsDataAndLetsNobodyElseIn() throws Exception {
    String cluster;
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, EmbeddedBroker.Address.loopback(0));
        Admin admin = admin(broker)) {
      cluster = admin.describeCluster().clusterId().get();
      admin.createTopics(List.of(new NewTopic("kept", 1, (short) 1))).all().get();
      BrokerFailure second =
          assertThrows(
              BrokerFailure.class,
              () -> EmbeddedBroker.start(folder, EmbeddedBroker.Address.loopback(0)));
      assertEquals(BrokerFailure.Cause.DIRECTORY_IN_USE, second.reason());
      int port = Integer.parseInt(broker.address().replaceFirst(".*:", ""));
      BrokerFailure samePort =
          assertThrows(
              BrokerFailure.class,
              () ->
                  EmbeddedBroker.start(
                      folder.resolve("other"), EmbeddedBroker.Address.loopback(port)));
      assertEquals(BrokerFailure.Cause.PORT_IN_USE, samePort.reason());
    }
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, EmbeddedBroker.Address.loopback(0));
        Admin admin = admin(broker)) {
      assertEquals(cluster, admin.describeCluster().clusterId().get());
      assertEquals(Set.of("kept"), admin.listTopics().names().get());
    }
  }

  private static Admin admin(EmbeddedBroker broker) {
    return Admin.create(Map.of("bootstrap.servers", broker.address()));
  }
}
