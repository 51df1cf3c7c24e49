package dev.drover.cli.command;

import dev.drover.cli.config.OwnKey;
import dev.drover.cli.fleet.Target;
import dev.drover.cli.replica.ReplicaRequest;
import dev.drover.cli.replica.ServeRequest;
import dev.drover.cli.replica.ServeRun;
import dev.drover.cli.session.Session;
import dev.drover.cli.value.Address;
import dev.drover.cli.value.ByteSize;
import dev.drover.cli.value.ReadLeases;
import dev.drover.cli.value.Span;
import dev.drover.nbd.CacheMode;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code drover serve}. */
@Command(
    name = "serve",
    description = {
      "Serves a volume over NBD as export NAME, journaling every change to Kafka.",
      "Several volumes behind one listener: NAME=PATH for each, or --dir; none holds up another.",
      "PATH is the local replica, made if missing and applied in this same process. Prints 'ready"
          + " nbd://HOST:PORT/NAME' once everything below its own epoch shows. Whoever reaches the"
          + " address may read and write the volume."
    })
final class ServeCommand implements Callable<Integer> {
  private static final String DEFAULT_LISTEN = "127.0.0.1:10809";

  private final Session session;

  @Mixin private VolumeFlags volumes;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      description = "Where to listen (default: " + DEFAULT_LISTEN + "); port 0 picks a free one.")
  private String listen;

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description = "Listen on this Unix socket; without --listen on nothing else.")
  private Path socket;

  @Option(
      names = "--take-over",
      description = "Supersede a gateway that is alive on another image.")
  private boolean takeOver;

  @Option(
      names = "--overlay-size",
      paramLabel = "SIZE",
      description =
          "Memory for changes that the image does not show yet (default: 256M, or a quarter of the"
              + " heap where that is less; shared by several volumes).")
  private String overlaySize;

  @Option(
      names = "--cache",
      paramLabel = "MODE",
      description =
          "journal (default): a write is answered when the journal has it. writeback: at once;"
              + " unsafe for clients that reconnect by themselves.")
  private String cache;

  @Option(
      names = "--journal-timeout",
      paramLabel = "TIME",
      description = "How long the journal may take before it counts as lost (default: 120s).")
  private String journalTimeout;

  @Option(
      names = "--read-lease",
      paramLabel = "TIME",
      description =
          "How long reads are answered after the last proof that no other gateway has taken over"
              + " (default: 6s). One that takes over waits as long, and a sixth longer.")
  private String readLease;

  @Mixin private ReplicaFlags replica;

  ServeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws Exception {
    ServeRun run = new ServeRun(session);
    Optional<Target> one = volumes.one();
    return one.isPresent()
        ? run.one(request(replica.request(one.get())))
        : run.many(volumes.several(), request(replica.common()));
  }

  private ServeRequest request(ReplicaRequest ofReplica) {
    String address = listen == null && socket == null ? DEFAULT_LISTEN : listen;
    return new ServeRequest(
        ofReplica,
        Optional.ofNullable(address).map(Address::parse),
        Optional.ofNullable(socket),
        takeOver,
        session
            .settingIfAny(OwnKey.OVERLAY_SIZE, overlaySize)
            .map(size -> ByteSize.parse(size).bytes())
            .orElse(0L),
        CacheMode.valueOf(session.setting(OwnKey.CACHE, cache).toUpperCase(Locale.ROOT)),
        Span.parse(session.setting(OwnKey.JOURNAL_TIMEOUT, journalTimeout)),
        ReadLeases.parse(session.setting(OwnKey.READ_LEASE, readLease)));
  }
}
