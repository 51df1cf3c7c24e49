package dev.drover.cli.replica;

import dev.drover.cli.session.Cluster;
import dev.drover.cli.session.Session;
import dev.drover.journal.JournalException;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.kafka.CheckedVolume;
import dev.drover.journal.kafka.TopicWarning;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then whether the topics of a volume that is served or followed are still what the
 * volume asks for: somebody may alter them, or what is asked. What is weaker since the last look is
 * said, or stops the volume where that is asked for; what could make the journal wrong always does.
 *
 * <p>A thread of its own, because brokers may take their time.
 */
final class TopicWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TopicWatch.class);

  private final Session session;
  private final Cluster cluster;
  private final CheckedVolume begun;
  private final VolumeDescriptor volume;
  private final Duration every;
  private final CompletableFuture<JournalException> trouble = new CompletableFuture<>();
  private final Thread thread;
  private List<TopicWarning> said;
  private String saidMissing;

  private TopicWatch(Session session, Cluster cluster, CheckedVolume checked) {
    this.session = session;
    this.cluster = cluster;
    this.begun = checked;
    this.volume = checked.descriptor();
    this.said = checked.warnings();
    this.every = session.settings().topicWatch();
    this.thread = Thread.ofVirtual().name("topics-" + volume.name()).unstarted(this::watch);
  }

  /**
   * Begins to watch a volume.
   *
   * @param checked as it was found just now
   */
  static TopicWatch start(Session session, Cluster cluster, CheckedVolume checked) {
    TopicWatch watch = new TopicWatch(session, cluster, checked);
    watch.thread.start();
    return watch;
  }

  /** Completes when the volume must not go on. */
  CompletableFuture<JournalException> trouble() {
    return trouble;
  }

  private void watch() {
    try {
      while (!trouble.isDone()) {
        Thread.sleep(every);
        look();
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private void look() {
    try {
      Optional<VolumeDescriptor> asking =
          cluster.registry().volume(volume.name()).filter(now -> now.uuid().equals(volume.uuid()));
      CheckedVolume now = cluster.volumes().check(asking.orElse(volume));
      now.requirePromisesStill(begun, session.settings().refusesWeakTopics());
      say(now.warnings());
    } catch (JournalException e) {
      switch (e.code()) {
        case BAD_TOPIC, WEAK_TOPIC -> trouble.complete(e);
        // Of the journal's own topic its reader says more; the others are missed when it is late.
        case TOPIC_MISSING -> sayMissing(e);
        // Brokers that are away: whoever reads and writes says so.
        default -> LOG.debug("volume {}: its topics: {}", volume.name(), e.getMessage());
      }
    }
  }

  private void sayMissing(JournalException missing) {
    if (!missing.getMessage().equals(saidMissing)) {
      session.console().remark("warning: volume " + volume.name() + ": " + missing.getMessage());
    }
    saidMissing = missing.getMessage();
  }

  private void say(List<TopicWarning> now) {
    Wiring.say(session, now.stream().filter(each -> !said.contains(each)).toList());
    if (now.isEmpty() && !said.isEmpty()) {
      session.console().remark("volume %s: its topic is as it should be".formatted(volume.name()));
    }
    said = now;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
