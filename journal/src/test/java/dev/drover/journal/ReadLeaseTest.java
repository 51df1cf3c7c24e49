package dev.drover.journal;

import static dev.drover.journal.SimulatedLog.step;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.JournalException.Code;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReadLeaseTest {
  private static final Duration LEASE = Duration.ofSeconds(6);

  private final SimulatedLog log = new SimulatedLog();
  private final SimulatedHost host = log.host(1, 0);
  private EpochWriter writer;

  @BeforeEach
  void serve() {
    writer = log.writer(host, "a", LEASE);
    work();
    work();
  }

  private void work() {
    step(writer);
    log.lastLine().settle();
    step(writer);
  }

  private static Code code(CompletableFuture<Void> failed) {
    var e = assertThrows(CompletionException.class, failed::join);
    return ((JournalException) e.getCause()).code();
  }

  @Test
  void withinTheLeaseNobodyWaits() {
    log.pass(5_999);
    assertTrue(writer.sole().isDone());
  }

  @Test
  void afterTheLeaseAReadWaitsForAProof() {
    log.pass(6_000);
    var read = writer.sole();
    assertFalse(read.isDone());
    work();
    assertTrue(read.isDone());
    assertTrue(writer.sole().isDone());
  }

  @Test
  void readsKeepTheProofYoungAndNobodyElseDoes() {
    int before = log.records().size();
    log.pass(2_999);
    writer.sole();
    work();
    log.pass(2);
    work();
    assertEquals(before, log.records().size(), "nobody reads, or the proof is young");
    writer.sole();
    work();
    assertEquals(before + 1, log.records().size());
    log.pass(5_999);
    assertTrue(writer.sole().isDone());
  }

  @Test
  void theLeaseCountsFromWhenTheRecordWasHandedOver() {
    log.pass(3_000);
    writer.append(new Intent.Flush());
    log.pass(6_000);
    work();
    var read = writer.sole();
    assertFalse(read.isDone(), "what proves it is six seconds old");
  }

  @Test
  void whatIsAskedOfAWriterThatIsCutOffWaitsAndFailsWhenItIsFenced() {
    host.cutOff();
    log.pass(6_000);
    var read = writer.sole();
    step(writer);
    assertFalse(read.isDone());
    log.putEpoch("thief");
    host.reconnect();
    work();
    assertEquals(Code.FENCED, code(read));
    assertEquals(Code.FENCED, code(writer.sole()));
  }

  @Test
  void theLogsEndIsNoProof() {
    host.cutOffWithFormerLeader(log.records().size());
    for (int i = 0; i < 6; i++) {
      log.pass(1_000);
      step(writer);
    }
    assertFalse(writer.sole().isDone());
  }

  @Test
  void aSuspendedHostKnowsByItsWallClock() {
    host.suspend();
    log.pass(6_000);
    host.wake();
    assertFalse(writer.sole().isDone());
  }

  @Test
  void aClockThatIsSetBackProlongsNothingAndKeepsNobodyWaiting() {
    host.setClock(-3_600_000);
    log.pass(6_000);
    var read = writer.sole();
    assertFalse(read.isDone());
    host.setClock(-7_200_000);
    log.pass(1);
    work();
    assertTrue(read.isDone());
  }

  @Test
  void aClosedWriterAnswersNobody() {
    log.pass(6_000);
    var read = writer.sole();
    writer.close();
    assertEquals(Code.CLOSED, code(read));
    assertEquals(Code.CLOSED, code(writer.sole()));
  }

  @Test
  void withoutALeaseEveryReadNeedsAProofOfItsOwn() {
    writer = log.writer(log.host(1, 0), "a", Duration.ZERO);
    work();
    work();
    log.pass(1);
    var read = writer.sole();
    assertFalse(read.isDone());
    log.pass(1);
    work();
    assertTrue(read.isDone());
    assertFalse(writer.sole().isDone());
  }
}
