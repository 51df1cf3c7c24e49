package dev.drover.applier.kafka;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drover.applier.Compensation;
import dev.drover.qcow2.ClusterExtent;
import dev.drover.qcow2.HostOffset;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Compensations as people read them with a console consumer. One compensation is one record, or
 * several parts where it would be too long for one:
 *
 * <pre>
 *   key    INCARNATION:GENERATION          (part 0)
 *          INCARNATION:GENERATION#1        (part 1, …)
 *   value  {"id":"…:7","replica":"a","incarnation":"…","generation":7,"position":120,
 *           "clusterBytes":65536,"clusters":[{"offset":327680,"clusters":3}],
 *           "cause":"…","state":"OPEN","time":"2026-01-31T12:00:00Z","part":0,"parts":1}
 * </pre>
 */
final class CompensationJson {

  /** 4096 extents are some 250 KiB: well below the 512 KiB that a part may have. */
  static final int EXTENTS_PER_PART = 4096;

  private static final int MAX_CAUSE_CHARS = 4096;
  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  /** One record of the topic. */
  record Part(Compensation compensation, int part, int parts) {

    String key() {
      return key(compensation.id(), part);
    }

    static String key(String id, int part) {
      return part == 0 ? id : id + "#" + part;
    }
  }

  private CompensationJson() {}

  /** The parts that {@code compensation} is written in: at least one. */
  static List<Part> split(Compensation compensation) {
    List<ClusterExtent> all = compensation.clusters();
    int parts = Math.max(1, (all.size() + EXTENTS_PER_PART - 1) / EXTENTS_PER_PART);
    List<Part> split = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      int from = part * EXTENTS_PER_PART;
      int to = Math.min(all.size(), from + EXTENTS_PER_PART);
      split.add(new Part(with(compensation, all.subList(from, to)), part, parts));
    }
    return split;
  }

  private static Compensation with(Compensation c, List<ClusterExtent> clusters) {
    return new Compensation(
        c.incarnation(),
        c.generation(),
        c.replica(),
        c.position(),
        c.clusterBytes(),
        clusters,
        c.cause(),
        c.state(),
        c.time());
  }

  static byte[] write(Part part) {
    Compensation c = part.compensation();
    ObjectNode node = MAPPER.createObjectNode();
    node.put("id", c.id());
    node.put("replica", c.replica());
    node.put("incarnation", c.incarnation().toString());
    node.put("generation", c.generation());
    node.put("position", c.position());
    node.put("clusterBytes", c.clusterBytes());
    var clusters = node.putArray("clusters");
    for (ClusterExtent extent : c.clusters()) {
      clusters.addObject().put("offset", extent.start().bytes()).put("clusters", extent.clusters());
    }
    String cause = c.cause();
    node.put("cause", cause.substring(0, Math.min(cause.length(), MAX_CAUSE_CHARS)));
    node.put("state", c.state().name());
    node.put("time", c.time().toString());
    node.put("part", part.part());
    node.put("parts", part.parts());
    return node.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads one record; fields that this version does not know are ignored.
   *
   * @throws IOException when it is no compensation
   */
  static Part read(byte[] json) throws IOException {
    JsonNode node = MAPPER.readTree(json);
    try {
      List<ClusterExtent> clusters = new ArrayList<>();
      for (JsonNode extent : need(node, "clusters")) {
        HostOffset start = new HostOffset(need(extent, "offset").longValue());
        clusters.add(new ClusterExtent(start, need(extent, "clusters").longValue()));
      }
      Compensation compensation =
          new Compensation(
              UUID.fromString(need(node, "incarnation").textValue()),
              need(node, "generation").longValue(),
              need(node, "replica").textValue(),
              need(node, "position").longValue(),
              need(node, "clusterBytes").intValue(),
              clusters,
              need(node, "cause").textValue(),
              Compensation.State.valueOf(need(node, "state").textValue()),
              Instant.parse(need(node, "time").textValue()));
      return new Part(compensation, node.path("part").intValue(), node.path("parts").asInt(1));
    } catch (IllegalArgumentException | DateTimeException | NullPointerException e) {
      throw new IOException("not a compensation: " + e.getMessage(), e);
    }
  }

  private static JsonNode need(JsonNode node, String field) throws IOException {
    JsonNode value = node == null ? null : node.get(field);
    if (value == null || value.isNull()) {
      throw new IOException("not a compensation: no " + field);
    }
    return value;
  }
}
