package dev.drover.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.journal.Intent;
import dev.drover.journal.JournalException;
import dev.drover.nbd.overlay.Overlay;
import dev.drover.nbd.protocol.NbdError;
import dev.drover.nbd.protocol.NbdException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class GatewayTest {
  private static final int SIZE = 1 << 20;

  private FakeJournal journal;
  private FakeReplica replica;
  private Gateway gateway;

  @AfterEach
  void closeGateway() {
    if (gateway != null) {
      journal.acknowledgeAll();
      gateway.close();
    }
  }

  private void open(FakeJournal newJournal, GatewayOptions options) {
    journal = newJournal;
    replica = new FakeReplica(journal, SIZE);
    gateway = new Gateway("vm", journal, replica, options);
  }

  private void openJournaled() {
    open(FakeJournal.acknowledgingWhenTold(), GatewayOptions.DEFAULT);
  }

  private void openWriteback() {
    open(FakeJournal.acknowledgingWhenTold(), new GatewayOptions(1 << 20, CacheMode.WRITEBACK));
  }

  private static ByteBuffer filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return ByteBuffer.wrap(bytes);
  }

  private byte[] read(long offset, int length) throws IOException {
    ByteBuffer dst = ByteBuffer.allocate(length);
    gateway.read(offset, dst);
    assertFalse(dst.hasRemaining());
    return dst.array();
  }

  private static NbdError errorOf(CompletableFuture<?> future) {
    ExecutionException e = assertThrows(ExecutionException.class, future::get);
    return ((NbdException) e.getCause()).error();
  }

  @Test
  void aWriteIsAnsweredWhenTheJournalHasAcknowledgedIt() throws Exception {
    openJournaled();
    CompletableFuture<Void> write = gateway.write(3, filled(7, 10), false);
    journal.awaitAppends(1);
    assertFalse(write.isDone());
    journal.acknowledgeNext();
    write.get();
    assertEquals(List.of(new Intent.Write(3, filled(7, 10))), journal.intents());
  }

  @Test
  void anAnsweredWriteIsReadBeforeAndAfterTheImageShowsIt() throws Exception {
    open(FakeJournal.acknowledgingAtOnce(), GatewayOptions.DEFAULT);
    gateway.write(5, filled(9, 3), false).get();
    byte[] expected = {0, 9, 9, 9, 0};
    assertArrayEquals(expected, read(4, 5));
    assertEquals(1, gateway.stats().overlayEntries());
    replica.applyAll();
    assertEquals(0, gateway.stats().overlayEntries());
    assertArrayEquals(expected, read(4, 5));
  }

  @Test
  void trimmedAndZeroedRangesReadAsZeroes() throws Exception {
    open(FakeJournal.acknowledgingAtOnce(), GatewayOptions.DEFAULT);
    gateway.write(0, filled(1, 100), false).get();
    replica.applyAll();
    gateway.zero(10, 50, true, false).get();
    byte[] bytes = read(0, 100);
    for (int i = 0; i < 100; i++) {
      assertEquals(i >= 10 && i < 60 ? 0 : 1, bytes[i], "byte " + i);
    }
    assertEquals(new Intent.Zero(10, 50, true), journal.intents().get(1));
  }

  @Test
  void aReadWaitsForAChangeInFlightOnItsBytesAndForNoOther() throws Exception {
    openJournaled();
    CompletableFuture<Void> write = gateway.write(0, filled(7, 512), false);
    journal.awaitAppends(1);
    assertArrayEquals(new byte[512], read(512, 512));
    CompletableFuture<byte[]> read = readInBackground();
    // The replica is faster than the acknowledgement.
    replica.applyAll();
    assertFalse(read.isDone());
    journal.acknowledgeNext();
    assertArrayEquals(filled(7, 512).array(), read.get());
    write.get();
    assertEquals(0, gateway.stats().overlayEntries());
  }

  private void readInto(CompletableFuture<byte[]> result) {
    try {
      result.complete(read(0, 512));
    } catch (IOException e) {
      result.completeExceptionally(e);
    }
  }

  @Test
  void aFlushIsAppendedAfterEveryAnsweredWriteAndAnsweredWhenAcknowledged() throws Exception {
    openJournaled();
    CompletableFuture<Void> write = gateway.write(0, filled(1, 1), false);
    journal.awaitAppends(1);
    journal.acknowledgeNext();
    write.get();
    CompletableFuture<Void> flush = gateway.flush();
    journal.awaitAppends(2);
    assertFalse(flush.isDone());
    assertEquals(new Intent.Flush(), journal.intents().get(1));
    journal.acknowledgeNext();
    flush.get();
  }

  @Test
  void aMarkTellsItsOffset() throws Exception {
    open(FakeJournal.acknowledgingAtOnce(), GatewayOptions.DEFAULT);
    gateway.write(0, filled(1, 1), false).get();
    assertEquals(
        FakeJournal.EPOCH + 2, gateway.appendOrdered(new Intent.Mark("before-upgrade")).get());
  }

  @Test
  void anIntentThatChangesBytesCannotGoRoundTheOverlay() {
    openJournaled();
    assertThrows(
        IllegalArgumentException.class, () -> gateway.appendOrdered(new Intent.Zero(0, 1, false)));
  }

  @Test
  void aFullOverlayDelaysWritesInOrderAndLetsFlushesPass() throws Exception {
    int limit = 2 * (Overlay.ENTRY_OVERHEAD_BYTES + 1000);
    open(FakeJournal.acknowledgingAtOnce(), new GatewayOptions(limit, CacheMode.JOURNAL));
    gateway.write(0, filled(1, 1000), false).get();
    gateway.write(0, filled(2, 1000), false).get();
    CompletableFuture<Void> third = gateway.write(0, filled(3, 1000), false);
    CompletableFuture<Void> fourth = gateway.write(0, filled(4, 1000), false);
    gateway.flush().get();
    assertFalse(third.isDone() || fourth.isDone());
    assertEquals(2, gateway.stats().waiting());
    assertEquals(2, read(0, 1)[0]);
    replica.applyAll();
    third.get();
    fourth.get();
    assertEquals(4, read(0, 1)[0]);
    assertTrue(gateway.stats().overlayBytes() <= limit);
  }

  @Test
  void aWriteLargerThanTheOverlayGoesThroughAlone() throws Exception {
    open(FakeJournal.acknowledgingAtOnce(), new GatewayOptions(10, CacheMode.JOURNAL));
    gateway.write(0, filled(1, 100_000), false).get();
    CompletableFuture<Void> next = gateway.write(7, filled(2, 1), false);
    gateway.flush().get();
    assertFalse(next.isDone());
    replica.applyAll();
    next.get();
  }

  @Test
  void anEntryStaysUntilTheImageHasPassedItsOwnOffset() throws Exception {
    open(FakeJournal.acknowledgingAtOnce(), GatewayOptions.DEFAULT);
    gateway.write(0, filled(1, 1), false).get();
    gateway.write(1, filled(2, 1), false).get();
    replica.applyNextSilently();
    assertEquals(2, gateway.stats().overlayEntries());
    replica.announce();
    assertEquals(1, gateway.stats().overlayEntries());
    assertArrayEquals(new byte[] {1, 2}, read(0, 2));
  }

  @Test
  void whenTheJournalIsLostEverythingFailsWithEio() throws Exception {
    openJournaled();
    CompletableFuture<Void> write = gateway.write(0, filled(1, 1), false);
    journal.awaitAppends(1);
    journal.lose(JournalException.Code.APPEND_FAILED);
    assertEquals(NbdError.EIO, errorOf(write));
    assertEquals(NbdError.EIO, errorOf(gateway.write(0, filled(1, 1), false)));
    assertEquals(NbdError.EIO, errorOf(gateway.flush()));
    NbdException read = assertThrows(NbdException.class, () -> read(0, 1));
    assertEquals(NbdError.EIO, read.error());
  }

  @Test
  void afterAFenceReadsFailTooWithEshutdown() throws Exception {
    openJournaled();
    journal.lose(JournalException.Code.FENCED);
    assertEquals(NbdError.ESHUTDOWN, errorOf(gateway.flush()));
    NbdException read = assertThrows(NbdException.class, () -> read(0, 1));
    assertEquals(NbdError.ESHUTDOWN, read.error());
  }

  @Test
  void aReadWaitsUntilItIsCertainThatNobodyElseServes() throws Exception {
    openJournaled();
    journal.stopProving();
    CompletableFuture<byte[]> read = readInBackground();
    assertFalse(read.isDone());
    journal.prove();
    assertArrayEquals(new byte[512], read.get());
  }

  @Test
  void aReadThatWaitsForThatFailsWithTheJournalAndWithTheGateway() throws Exception {
    openJournaled();
    journal.stopProving();
    CompletableFuture<byte[]> fenced = readInBackground();
    journal.lose(JournalException.Code.FENCED);
    assertEquals(NbdError.ESHUTDOWN, errorOf(fenced));

    openJournaled();
    journal.stopProving();
    CompletableFuture<byte[]> closed = readInBackground();
    gateway.close();
    assertEquals(NbdError.ESHUTDOWN, errorOf(closed));
  }

  private CompletableFuture<byte[]> readInBackground() {
    CompletableFuture<byte[]> read = new CompletableFuture<>();
    Thread reader = Thread.startVirtualThread(() -> readInto(read));
    while (reader.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    return read;
  }

  @Test
  void aWriteThatWaitsForRoomFailsWhenTheJournalIsLost() throws Exception {
    open(FakeJournal.acknowledgingWhenTold(), new GatewayOptions(10, CacheMode.JOURNAL));
    CompletableFuture<Void> first = gateway.write(0, filled(1, 100), false);
    CompletableFuture<Void> second = gateway.write(0, filled(1, 100), false);
    journal.awaitAppends(1);
    journal.lose(JournalException.Code.APPEND_FAILED);
    assertEquals(NbdError.EIO, errorOf(first));
    assertEquals(NbdError.EIO, errorOf(second));
  }

  @Test
  void aReplicaThatCannotReadFailsThatReadOnly() throws Exception {
    openJournaled();
    replica.failReads(new IOException("disk on fire"));
    assertThrows(IOException.class, () -> read(0, 1));
    replica.failReads(null);
    assertArrayEquals(new byte[1], read(0, 1));
  }

  @Test
  void writebackAnswersFromMemoryAndFlushWaitsForTheJournal() throws Exception {
    openWriteback();
    gateway.write(0, filled(5, 4), false).get();
    assertArrayEquals(filled(5, 4).array(), read(0, 4));
    CompletableFuture<Void> flush = gateway.flush();
    CompletableFuture<Void> fua = gateway.write(8, filled(6, 4), true);
    journal.awaitAppends(3);
    assertFalse(flush.isDone() || fua.isDone());
    journal.acknowledgeAll();
    flush.get();
    fua.get();
  }

  @Test
  void writebackThatLosesTheJournalNeverFlushesAgain() throws Exception {
    openWriteback();
    gateway.write(0, filled(5, 4), false).get();
    journal.lose(JournalException.Code.APPEND_FAILED);
    assertEquals(NbdError.EIO, errorOf(gateway.flush()));
    assertThrows(NbdException.class, () -> read(0, 4));
  }

  @Test
  void closingAnswersWhatWasAppendedAndFailsWhatWaitsForRoom() throws Exception {
    open(FakeJournal.acknowledgingWhenTold(), new GatewayOptions(10, CacheMode.JOURNAL));
    CompletableFuture<Void> appended = gateway.write(0, filled(1, 100), false);
    CompletableFuture<Void> waiting = gateway.write(0, filled(1, 100), false);
    journal.awaitAppends(1);
    Thread closer = Thread.startVirtualThread(gateway::close);
    assertEquals(NbdError.ESHUTDOWN, errorOf(waiting));
    journal.acknowledgeNext();
    appended.get();
    closer.join();
    assertEquals(NbdError.ESHUTDOWN, errorOf(gateway.flush()));
  }

  @Test
  void aReplicaBehindTheEpochIsRefused() {
    FakeJournal fresh = FakeJournal.acknowledgingAtOnce();
    LocalReplica behind =
        new LocalReplica() {
          @Override
          public long sizeBytes() {
            return SIZE;
          }

          @Override
          public void read(long offset, ByteBuffer dst) {}

          @Override
          public long visibleOffset() {
            return FakeJournal.EPOCH;
          }

          @Override
          public void onVisible(java.util.function.LongConsumer listener) {}
        };
    assertThrows(
        IllegalStateException.class,
        () -> new Gateway("vm", fresh, behind, GatewayOptions.DEFAULT));
  }

  @Test
  void theExportHasTheSizeThatTheImageShows() throws Exception {
    openJournaled();
    var appended = gateway.appendOrdered(new Intent.Resize(2 * SIZE));
    journal.awaitAppends(1);
    journal.acknowledgeAll();
    appended.get();
    assertEquals(SIZE, gateway.sizeBytes());
    replica.applyAll();
    assertEquals(2 * SIZE, gateway.sizeBytes());
  }
}
