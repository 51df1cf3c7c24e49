package dev.drover.nbd.server;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is served now, by name. Each export has payload memory of its own: writes that wait for one
 * whose journal or image is held up take none from another. Thread-safe.
 */
final class Exports {

  /** An export and the memory of the requests that it has not answered. */
  record Served(Export export, PayloadMemory memory) {}

  private final NbdServerOptions options;
  private final Map<String, Served> byName = Collections.synchronizedMap(new LinkedHashMap<>());

  Exports(NbdServerOptions options) {
    this.options = options;
  }

  void add(Export export) {
    Served served = new Served(export, new PayloadMemory(options));
    if (export.name().isEmpty() || byName.putIfAbsent(export.name(), served) != null) {
      throw new IllegalArgumentException("two exports named '" + export.name() + "', or none");
    }
  }

  /** Nobody can choose it any more; empty when there is none. */
  Optional<Served> remove(String name) {
    return Optional.ofNullable(byName.remove(name));
  }

  Optional<Served> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  Collection<String> names() {
    synchronized (byName) {
      return List.copyOf(byName.keySet());
    }
  }

  /** For tests: no request holds memory. */
  boolean idle() {
    synchronized (byName) {
      return byName.values().stream().allMatch(served -> served.memory().whole(options));
    }
  }
}
