package dev.drover.journal.kafka;

import static org.apache.kafka.common.config.TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG;

import dev.drover.journal.Chunker;
import dev.drover.journal.Durability;
import dev.drover.journal.JournalException;
import dev.drover.journal.JournalHistory;
import dev.drover.journal.JournalIdentity;
import dev.drover.journal.JournalNames;
import dev.drover.journal.LogTail;
import dev.drover.journal.LogView;
import dev.drover.journal.Registry;
import dev.drover.journal.ReplicaStatus;
import dev.drover.journal.VolumeDescriptor;
import dev.drover.journal.VolumeDescriptor.State;
import dev.drover.journal.WriterState;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * Volumes as topics and registry entries: creates, checks, shows and deletes them.
 *
 * <p>Every call needs a broker and says so within {@link KafkaSettings#REACHABLE} when there is
 * none. Thread-safe.
 */
public final class KafkaVolumes implements AutoCloseable {
  private static final int CHUNK_BYTES = Chunker.MAX_DATA_BYTES;

  /** For a journal that may be away as another one was. */
  private static final Duration ONE_MORE = Duration.ofSeconds(2);

  private final KafkaSettings settings;
  private final Registry registry;
  private final Clock clock;
  private final TopicAdmin admin;

  /**
   * Connects nowhere yet.
   *
   * @param registry where volumes are registered; stays the caller's to close
   */
  public KafkaVolumes(KafkaSettings settings, Registry registry, Clock clock)
      throws JournalException {
    this.settings = Objects.requireNonNull(settings, "settings");
    this.registry = Objects.requireNonNull(registry, "registry");
    this.clock = Objects.requireNonNull(clock, "clock");
    this.admin = new TopicAdmin(settings);
  }

  /** Returns when a broker has answered; names the address when none did. */
  public void requireBroker() throws JournalException {
    admin.cluster();
  }

  /**
   * Creates the topics and registers the volume: READY, or IMPORTING when it is to be filled from
   * an image. A creation that was killed is completed by the same call; an import that was killed
   * is returned as it stands, if the image is unchanged.
   *
   * @throws JournalException VOLUME_EXISTS when there is such a volume, or a topic in its place
   */
  public VolumeDescriptor create(NewVolume wanted) throws JournalException {
    TopicAdmin.Cluster cluster = admin.cluster();
    int replication = TopicRules.replication(wanted.asks(), cluster.brokers());
    int minInsync = TopicRules.minInsync(wanted.asks(), replication);
    if (minInsync > replication) {
      throw KafkaFaults.neverAcknowledged(wanted.name(), replication, minInsync);
    }
    ensureRegistryTopic(wanted.name(), cluster.brokers(), replication, minInsync);
    Optional<VolumeDescriptor> known = registry.volume(wanted.name());
    if (known.isPresent() && known.get().state() != State.CREATING) {
      return continuedImport(known.get(), wanted);
    }
    if (known.isPresent() && known.get().sizeBytes() != wanted.sizeBytes()) {
      throw KafkaFaults.volumeExists(
          wanted.name(), "is being created with a size of " + known.get().sizeBytes() + " bytes");
    }
    String topic = settings.topics().intents(wanted.name());
    if (known.isEmpty() && admin.describe(topic).isPresent()) {
      throw KafkaFaults.volumeExists(
          wanted.name(), "is not registered, but there is a topic " + topic);
    }
    requireBrokers(wanted.name(), replication, cluster.brokers());
    VolumeDescriptor creating =
        new VolumeDescriptor(
                wanted.name(),
                known.map(VolumeDescriptor::uuid).orElseGet(UUID::randomUUID),
                wanted.sizeBytes(),
                State.CREATING,
                topic,
                null,
                CHUNK_BYTES,
                clock.instant(),
                null)
            .asking(wanted.asks());
    registry.put(creating);
    // The intents topic first: of two that create one volume at once, its creation decides.
    boolean mine = admin.create(topic, replication, TopicRules.intents(minInsync, CHUNK_BYTES));
    if (!mine && known.isEmpty()) {
      throw KafkaFaults.volumeExists(wanted.name(), "is being created by someone else");
    }
    createBesides(wanted.name(), replication, minInsync);
    TopicFacts facts = requireTopic(wanted.name(), topic);
    VolumeDescriptor done =
        wanted.importing() == null
            ? creating.created(facts.id(), State.READY)
            : creating.created(facts.id(), State.IMPORTING).importing(wanted.importing());
    check(done);
    registry.put(done);
    return done;
  }

  private void createBesides(String name, int replication, int minInsync) throws JournalException {
    VolumeTopics topics = settings.topics();
    admin.create(topics.control(name), replication, TopicRules.control(minInsync));
    admin.create(topics.compensations(name), replication, TopicRules.compacted(minInsync));
  }

  /** Before anything is made: Kafka would say so only of the first topic. */
  private static void requireBrokers(String name, int replication, int brokers)
      throws JournalException {
    if (replication > brokers) {
      throw KafkaFaults.tooFewBrokers(name, replication, brokers);
    }
  }

  private void ensureRegistryTopic(String volume, int brokers, int replication, int minInsync)
      throws JournalException {
    String topic = settings.topics().registry();
    if (admin.describe(topic).isEmpty()) {
      requireBrokers(volume, replication, brokers);
      admin.create(topic, replication, TopicRules.registry(minInsync));
    }
    refuse(topic, TopicRules.wrongCompacted(requireTopic("(all)", topic)));
  }

  private static VolumeDescriptor continuedImport(VolumeDescriptor known, NewVolume wanted)
      throws JournalException {
    VolumeDescriptor.ImportProgress was = known.importProgress();
    VolumeDescriptor.ImportProgress now = wanted.importing();
    if (known.state() == State.READY) {
      throw KafkaFaults.volumeExists(known.name(), "exists");
    }
    if (now == null || !was.image().equals(now.image())) {
      throw KafkaFaults.volumeExists(known.name(), "is being imported from " + was.image());
    }
    if (!was.equals(now.at(was.nextGuestOffset())) || known.sizeBytes() != wanted.sizeBytes()) {
      throw KafkaFaults.imageChanged(known.name(), was.image());
    }
    return known;
  }

  /** All registered volumes, by name. */
  public List<VolumeDescriptor> list() throws JournalException {
    admin.cluster();
    return registry.volumes();
  }

  /** The registered volume of that name, in whatever state; VOLUME_MISSING when there is none. */
  public VolumeDescriptor find(String name) throws JournalException {
    JournalNames.check(name);
    admin.cluster();
    return registry.volume(name).orElseThrow(() -> KafkaFaults.volumeMissing(settings, name));
  }

  /**
   * The volume, READY and with its topics checked, as every serve, apply and replay begins.
   *
   * @throws JournalException when it is missing, not READY, or its topics can't be trusted
   */
  public CheckedVolume open(String name) throws JournalException {
    return check(requireReady(name));
  }

  private VolumeDescriptor requireReady(String name) throws JournalException {
    VolumeDescriptor volume = find(name);
    if (volume.state() != State.READY) {
      throw KafkaFaults.volumeNotReady(volume);
    }
    return volume;
  }

  /**
   * Changes what a volume asks of its topics; the topics themselves stay as they are.
   *
   * @return the volume as it is now
   * @throws JournalException VOLUME_MISSING, VOLUME_NOT_READY; USAGE when more in-sync copies are
   *     newly asked for than there are, or are to be
   */
  public VolumeDescriptor ask(String name, Durability asked) throws JournalException {
    VolumeDescriptor before = requireReady(name);
    int inSync = asked.minInsyncReplicas();
    if (inSync != before.asks().minInsyncReplicas()) {
      int copies =
          asked.replicationFactor() > 0
              ? asked.replicationFactor()
              : admin.describe(before.topic()).map(TopicFacts::replicationFactor).orElse(inSync);
      if (inSync > copies) {
        throw KafkaFaults.neverAcknowledged(name, copies, inSync);
      }
    }
    VolumeDescriptor asking = before.asking(asked);
    registry.put(asking);
    return asking;
  }

  /** Checks the topics of a volume in any state that has topics. */
  public CheckedVolume check(VolumeDescriptor volume) throws JournalException {
    TopicAdmin.Cluster cluster = admin.cluster();
    VolumeTopics names = settings.topics();
    TopicFacts intents = requireTopic(volume.name(), volume.topic());
    if (volume.topicId() != null && !volume.topicId().equals(intents.id())) {
      throw KafkaFaults.recreated(volume, intents.id());
    }
    refuse(volume.topic(), TopicRules.wrongIntents(intents, volume.chunkBytes()));
    String control = names.control(volume.name());
    refuse(control, TopicRules.wrongControl(requireTopic(volume.name(), control)));
    String given = names.compensations(volume.name());
    refuse(given, TopicRules.wrongCompacted(requireTopic(volume.name(), given)));
    return new CheckedVolume(
        volume,
        new JournalIdentity(cluster.id(), intents.id()),
        intents.replicationFactor(),
        (int) intents.number(MIN_IN_SYNC_REPLICAS_CONFIG, 1),
        TopicRules.weaker(intents, cluster.brokers(), volume.asks()));
  }

  /** What {@code volume show} prints; answers for a volume whose topic is missing, too. */
  public VolumeReport show(String name) throws JournalException {
    return report(find(name), KafkaSettings.REACHABLE);
  }

  /**
   * The same of each of these. One whose journal cannot be asked now hides no other one: it costs
   * its time, those behind it less, and says why.
   */
  public List<VolumeReport> showAll(List<VolumeDescriptor> volumes) throws JournalException {
    List<VolumeReport> reports = new ArrayList<>();
    Duration patience = KafkaSettings.REACHABLE;
    for (VolumeDescriptor volume : volumes) {
      try {
        reports.add(report(volume, patience));
      } catch (JournalException e) {
        if (!e.retriable()) {
          throw e;
        }
        reports.add(VolumeReport.withoutJournal(volume, e.getMessage()));
        patience = ONE_MORE;
      }
    }
    return reports;
  }

  private VolumeReport report(VolumeDescriptor volume, Duration patience) throws JournalException {
    Optional<TopicFacts> topic = admin.describe(volume.topic());
    if (topic.isEmpty()) {
      return VolumeReport.withoutJournal(volume, null);
    }
    try (LogView log = new KafkaLogView(settings, volume.topic(), volume.uuid(), patience)) {
      long end = log.endOffset();
      return new VolumeReport(
          volume,
          sizeNow(volume),
          topic.get().partitions(),
          topic.get().replicationFactor(),
          (int) topic.get().number(MIN_IN_SYNC_REPLICAS_CONFIG, 1),
          log.beginOffset(),
          end,
          lastWriter(end, log),
          TopicRules.weaker(topic.get(), admin.cluster().brokers(), volume.asks()),
          null);
    }
  }

  private long sizeNow(VolumeDescriptor volume) throws JournalException {
    return registry
        .history(volume.name())
        .filter(each -> each.volume().equals(volume.uuid()))
        .filter(each -> each.topicId().equals(volume.topicId()))
        .map(JournalHistory::sizeBytes)
        .orElse(volume.sizeBytes());
  }

  /** Damage at a journal's end must not hide its volume, nor the others, from who looks for it. */
  private WriterState lastWriter(long end, LogView log) throws JournalException {
    try {
      return dated(LogTail.below(end, log).writer());
    } catch (JournalException e) {
      if (e.code().kind() == JournalException.Kind.REFUSED) {
        return null;
      }
      throw e;
    }
  }

  /** Who wrote to the volume last, seen by the registry's clock; empty when nobody has. */
  public Optional<WriterState> writer(VolumeDescriptor volume) throws JournalException {
    return Optional.ofNullable(dated(tail(volume).writer()));
  }

  private WriterState dated(WriterState writer) throws JournalException {
    return writer == null
        ? null
        : writer.seenAt(registry.byOwnClock(writer.host(), writer.lastSeen()));
  }

  /** What the end of the volume's journal tells, by its writers' clocks. */
  public LogTail tail(VolumeDescriptor volume) throws JournalException {
    try (LogView log = new KafkaLogView(settings, volume.topic(), volume.uuid())) {
      return LogTail.below(log.endOffset(), log);
    }
  }

  /**
   * Deletes the topics, the replicas' groups and the registry entries; the images stay. Killed in
   * between, the same call completes it.
   *
   * @throws JournalException WRITER_ALIVE while a gateway serves the volume
   */
  public void delete(String name) throws JournalException {
    VolumeDescriptor volume = find(name);
    VolumeTopics names = settings.topics();
    if (admin.describe(volume.topic()).isPresent()) {
      Optional<WriterState> writer = writer(volume);
      if (writer.isPresent() && writer.get().isAlive(registry.now())) {
        throw KafkaFaults.writerAlive(volume, writer.get()).withHint("stop it first");
      }
    }
    List<String> groups = new ArrayList<>();
    for (ReplicaStatus replica : registry.replicas(name)) {
      groups.add(names.replica(name, replica.replica()));
    }
    admin.delete(List.of(names.intents(name), names.control(name), names.compensations(name)));
    admin.deleteGroups(groups);
    registry.removeVolume(name);
  }

  /** Forgets a replica: its group, which lag tools list, and its registry entry. */
  public void forget(String volume, String replica) throws JournalException {
    admin.deleteGroups(List.of(settings.topics().replica(volume, replica)));
    registry.removeReplica(volume, replica);
  }

  private TopicFacts requireTopic(String volume, String topic) throws JournalException {
    return admin.describeExpected(topic).orElseThrow(() -> KafkaFaults.topicMissing(topic));
  }

  private static void refuse(String topic, Optional<String> wrong) throws JournalException {
    if (wrong.isPresent()) {
      throw KafkaFaults.wrongTopic(topic, wrong.get());
    }
  }

  @Override
  public void close() {
    admin.close();
  }
}
