package dev.drover.qcow2.core;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * The tables used last, by their offset in the file; bounded by count. Tables are written through,
 * so any may be dropped at any time. Any thread.
 */
final class TableCache<T> {

  /** Reads one table from the file. */
  @FunctionalInterface
  interface Loader<T> {
    T load(long offset) throws IOException;
  }

  private final int limit;
  private final Loader<T> loader;
  private final LinkedHashMap<Long, T> tables = new LinkedHashMap<>(16, 0.75f, true);

  TableCache(int limit, Loader<T> loader) {
    this.limit = Math.max(limit, 2);
    this.loader = loader;
  }

  T get(long offset) throws IOException {
    synchronized (tables) {
      T table = tables.get(offset);
      if (table != null) {
        return table;
      }
    }
    T loaded = loader.load(offset);
    synchronized (tables) {
      T other = tables.get(offset);
      if (other != null) {
        return other; // a table has one object at a time, or a change would miss the other
      }
      put(offset, loaded);
      return loaded;
    }
  }

  /** The table, null if it is not in memory. */
  T cached(long offset) {
    synchronized (tables) {
      return tables.get(offset);
    }
  }

  void put(long offset, T table) {
    synchronized (tables) {
      tables.put(offset, table);
      Iterator<T> eldest = tables.values().iterator();
      while (tables.size() > limit) {
        eldest.next();
        eldest.remove();
      }
    }
  }

  /** Drops what lies in a freed range: its next owner's bytes are no table. */
  void forget(long offset) {
    synchronized (tables) {
      tables.remove(offset);
    }
  }

  int count() {
    synchronized (tables) {
      return tables.size();
    }
  }

  void clear() {
    synchronized (tables) {
      tables.clear();
    }
  }
}
