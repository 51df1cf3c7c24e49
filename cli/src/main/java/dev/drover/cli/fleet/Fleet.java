package dev.drover.cli.fleet;

import dev.drover.applier.LocalHost;
import dev.drover.cli.http.FollowedVolume;
import dev.drover.cli.http.StatusServer;
import dev.drover.cli.session.Cluster;
import dev.drover.cli.terminal.CommandFailure;
import dev.drover.cli.terminal.Console;
import dev.drover.cli.terminal.Exit;
import dev.drover.cli.terminal.Fields;
import dev.drover.cli.terminal.StopSignals;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Several volumes in one process, each worked on by itself: what one waits for, or fails of, no
 * other one notices. Ends when it is asked to, or when all have ended and none can come.
 */
public final class Fleet {
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
  private static final Duration CHECK_EVERY = Duration.ofMillis(250);

  /** All stop at the same time; a process has 30 s for it. */
  private static final Duration STOP_WITHIN = Duration.ofSeconds(27);

  /** What brokers may take beyond that, where replicas have waited for room in vain. */
  private static final Duration FORGET_WITHIN = Duration.ofSeconds(2);

  private final Console console;
  private final Cluster cluster;
  private final Selection selection;
  private final boolean bounded;
  private final Function<Target, Work> works;
  private final Map<String, FleetMember> members = new TreeMap<>();
  private final Map<String, VolumeDescriptor> taken = new TreeMap<>();
  private final List<FleetMember> leaving = new ArrayList<>();
  private final UnopenedReplicas unopened;
  private boolean saidFull;
  private boolean saidAway;

  /**
   * @param bounded whether each volume's work ends by itself: then later volumes are not waited for
   * @param works what is to be done for a volume
   */
  public Fleet(
      Console console,
      Cluster cluster,
      Selection selection,
      boolean bounded,
      Function<Target, Work> works) {
    this.console = console;
    this.cluster = cluster;
    this.selection = selection;
    this.bounded = bounded;
    this.works = works;
    this.unopened = new UnopenedReplicas(cluster.registry(), LocalHost.detect());
  }

  /**
   * Runs to the end.
   *
   * @param http where to serve health and metrics, if anywhere
   * @return 0, or 130 or 143 when bounded work was stopped before it was done
   * @throws CommandFailure when a volume failed for good: 3 if going on would risk data of any
   */
  public int run(StopSignals signals, Optional<InetSocketAddress> http) throws Exception {
    StatusServer server = null;
    try {
      if (http.isPresent()) {
        server = StatusServer.ofMany(http.get(), this::views);
        console.remark("health and metrics on " + server.uri());
      }
      // At once: this thread may just be waiting for a broker.
      signals.onFirst(() -> all().forEach(FleetMember::stop));
      first();
      long lookedAt = System.nanoTime();
      while (!signals.await(CHECK_EVERY.toMillis(), TimeUnit.MILLISECONDS) && !isOver()) {
        unopened.tell(all(), System.nanoTime());
        if (grows() && System.nanoTime() - lookedAt >= LOOK_EVERY.toNanos()) {
          look();
          lookedAt = System.nanoTime();
        }
      }
    } finally {
      List<FleetMember> ending = new ArrayList<>(all());
      ending.addAll(leaving);
      Thread forgetting = Thread.ofVirtual().start(unopened::takeBack);
      stop(ending);
      forgetting.join(FORGET_WITHIN);
      if (server != null) {
        server.close();
      }
    }
    return report(signals);
  }

  private boolean grows() {
    return !bounded && selection instanceof Selection.Folder;
  }

  private boolean isOver() {
    return !grows() && all().stream().allMatch(FleetMember::isOver);
  }

  private void first() throws IOException {
    switch (selection) {
      case Selection.Pairs pairs -> pairs.targets().forEach(this::take);
      case Selection.Folder folder -> follow(folder, cluster.volumes().list());
    }
  }

  /** Volumes come and go; brokers that do not answer change nothing. */
  private void look() {
    try {
      follow((Selection.Folder) selection, cluster.registry().volumes());
      saidAway = false;
    } catch (JournalException e) {
      if (!saidAway) {
        console.remark("cannot look for new volumes: " + e.getMessage() + "; it is tried again");
      }
      saidAway = true;
    }
  }

  private void follow(Selection.Folder folder, List<VolumeDescriptor> volumes) {
    Map<String, VolumeDescriptor> there = new TreeMap<>();
    volumes.forEach(volume -> there.put(volume.name(), volume));
    List<FleetMember> gone = new ArrayList<>();
    taken
        .entrySet()
        .removeIf(
            known -> {
              VolumeDescriptor now = there.get(known.getKey());
              boolean same = now != null && now.uuid().equals(known.getValue().uuid());
              return !same && gone.add(remove(known.getKey()));
            });
    gone.forEach(this::letGo);
    for (VolumeDescriptor volume : there.values()) {
      boolean ready = volume.state() == VolumeDescriptor.State.READY;
      if (ready && folder.names().matches(volume.name()) && !taken.containsKey(volume.name())) {
        if (taken.size() < folder.maxVolumes()) {
          taken.put(volume.name(), volume);
          take(folder.target(volume.name()));
        } else {
          sayFull(folder, volume);
        }
      }
    }
  }

  /** In the background: its disk may be slow, and the others are waited for. */
  private void letGo(FleetMember member) {
    leaving.add(member);
    Thread.ofVirtual().start(() -> stop(List.of(member)));
    console.remark(
        "volume %s was deleted; its image %s stays"
            .formatted(member.target().volume(), member.target().image()));
  }

  private void sayFull(Selection.Folder folder, VolumeDescriptor left) {
    if (!saidFull) {
      console.remark(
          ("warning: volume %s is not taken: this process has its %d volumes; raise"
                  + " --max-volumes, or start another process")
              .formatted(left.name(), folder.maxVolumes()));
    }
    saidFull = true;
  }

  private void take(Target target) {
    FleetMember member = new FleetMember(target, works.apply(target), new Voice(console));
    synchronized (members) {
      members.put(target.volume(), member);
    }
    member.start();
  }

  private FleetMember remove(String volume) {
    synchronized (members) {
      return members.remove(volume);
    }
  }

  private List<FleetMember> all() {
    synchronized (members) {
      return List.copyOf(members.values());
    }
  }

  private List<FollowedVolume> views() {
    return all().stream().map(FleetMember::view).toList();
  }

  /** At the same time: each may have to wait for a disk or a broker. */
  private void stop(List<FleetMember> ending) {
    long deadline = System.nanoTime() + STOP_WITHIN.toNanos();
    ending.forEach(FleetMember::stop);
    List<Thread> ends = new ArrayList<>();
    for (FleetMember member : ending) {
      ends.add(Thread.ofVirtual().start(() -> end(member, deadline)));
    }
    try {
      for (Thread end : ends) {
        end.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void end(FleetMember member, long deadline) {
    try {
      if (member.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
        member.release();
      } else {
        console.remark(
            "volume %s did not stop in time; the next start recovers its image"
                .formatted(member.target().volume()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int report(StopSignals signals) {
    List<FleetMember> failed = all().stream().filter(member -> member.exit() != 0).toList();
    List<FleetMember> refused =
        failed.stream().filter(member -> member.exit() == Exit.REFUSED.code()).toList();
    if (signals.requested() && bounded && failed.stream().noneMatch(m -> m.failure().isPresent())) {
      return signals.boundedExit();
    }
    if (!failed.isEmpty()) {
      throw failure(refused.isEmpty() ? failed : refused);
    }
    if (console.json()) {
      console.summary(
          Fields.of("volumes", all().stream().map(member -> member.target().volume()).toList()));
    }
    return 0;
  }

  private CommandFailure failure(List<FleetMember> failed) {
    FleetMember first = failed.getFirst();
    List<String> names = failed.stream().map(member -> member.target().volume()).toList();
    CommandFailure why = first.failure().orElseThrow();
    return new CommandFailure(
        first.exit(),
        why.code(),
        "%d of %d volumes could not go on (%s); %s: %s"
            .formatted(
                failed.size(),
                all().size(),
                String.join(", ", names),
                first.target().volume(),
                why.getMessage()),
        why.hint(),
        why);
  }
}
