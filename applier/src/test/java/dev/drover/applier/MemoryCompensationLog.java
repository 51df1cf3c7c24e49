package dev.drover.applier;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * A stand-in for Kafka's side: transactions that happen at once, or fail before or after they
 * happened, or are the last thing that the process did. Survives the process that used it.
 */
final class MemoryCompensationLog {

  /** What goes wrong with a call. */
  enum Trouble {
    FAILS_BEFORE,
    FAILS_AFTER,
    DIES_BEFORE,
    DIES_AFTER
  }

  /** The process ended here. */
  static final class ProcessDied extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Looks on before a call takes effect. */
  interface Watcher {
    default void publishing(Compensation compensation) {}

    default void committing(List<Compensation> done, long offset) {}
  }

  static final long NO_OFFSET = -1;

  private final Map<String, Compensation> committed = new LinkedHashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final Map<Integer, Trouble> troubles = new LinkedHashMap<>();
  private Watcher watcher = new Watcher() {};
  private long groupOffset = NO_OFFSET;
  private boolean away;

  /** The same state, with nobody watching and no trouble to come. */
  MemoryCompensationLog copy() {
    MemoryCompensationLog copy = new MemoryCompensationLog();
    copy.committed.putAll(committed);
    copy.groupOffset = groupOffset;
    return copy;
  }

  /** Two logs that say the same have the same one. */
  int stateHash() {
    return Objects.hash(groupOffset, List.copyOf(committed.values()));
  }

  void watch(Watcher newWatcher) {
    watcher = newWatcher;
  }

  /** The {@code n}-th call from now on, 1 is the next one. */
  void trouble(int n, Trouble how) {
    troubles.put(calls.size() + n, how);
  }

  void heal() {
    troubles.clear();
  }

  void setAway(boolean nowAway) {
    away = nowAway;
  }

  List<Compensation> all() {
    return List.copyOf(committed.values());
  }

  /** What an earlier life, or somebody else, left there. */
  void put(Compensation compensation) {
    committed.put(compensation.id(), compensation);
  }

  long groupOffset() {
    return groupOffset;
  }

  List<String> calls() {
    return calls;
  }

  /** A connection for one process. */
  CompensationLog connect() {
    return new Connection();
  }

  private void run(String call, Runnable effect) throws ApplierException {
    calls.add(call);
    Trouble trouble = troubles.remove(calls.size());
    if (away || trouble == Trouble.FAILS_BEFORE) {
      throw unavailable(call);
    }
    if (trouble == Trouble.DIES_BEFORE) {
      throw new ProcessDied();
    }
    effect.run();
    if (trouble == Trouble.FAILS_AFTER) {
      throw unavailable(call);
    }
    if (trouble == Trouble.DIES_AFTER) {
      throw new ProcessDied();
    }
  }

  private static ApplierException unavailable(String call) {
    return new ApplierException(
        ApplierException.Code.LOG_UNAVAILABLE, "injected: " + call, "it is a test");
  }

  private final class Connection implements CompensationLog {

    @Override
    public List<Compensation> open() throws ApplierException {
      List<Compensation> open = new ArrayList<>();
      run(
          "open",
          () ->
              committed.values().stream()
                  .filter(c -> c.state() == Compensation.State.OPEN)
                  .forEach(open::add));
      return open;
    }

    @Override
    public void publish(Compensation compensation) throws ApplierException {
      watcher.publishing(compensation);
      run("publish " + compensation.id(), () -> put(compensation));
    }

    @Override
    public void doneAndCommit(List<Compensation> done, long offset) throws ApplierException {
      watcher.committing(done, offset);
      run(
          "done " + done.stream().map(Compensation::id).toList() + " " + offset,
          () -> {
            done.forEach(MemoryCompensationLog.this::put);
            groupOffset = offset;
          });
    }

    @Override
    public OptionalLong committed() throws ApplierException {
      run("committed", () -> {});
      return groupOffset == NO_OFFSET ? OptionalLong.empty() : OptionalLong.of(groupOffset);
    }

    @Override
    public void commit(long offset) throws ApplierException {
      watcher.committing(List.of(), offset);
      run("commit " + offset, () -> groupOffset = offset);
    }

    @Override
    public void close() {}
  }
}
