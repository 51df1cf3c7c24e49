package dev.drover.nbd.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** An export in memory that answers at once, or holds answers back until it is told. */
final class MemoryExport implements Export {
  private final String name;
  private final byte[] content;
  private final List<Runnable> held = new ArrayList<>();
  private final List<String> calls = new ArrayList<>();
  private boolean holding;
  private volatile IOException failure;

  MemoryExport(String name, int sizeBytes) {
    this.name = name;
    this.content = new byte[sizeBytes];
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sizeBytes() {
    return content.length;
  }

  @Override
  public void read(long offset, ByteBuffer dst) throws IOException {
    if (failure != null) {
      throw failure;
    }
    CompletableFuture<Void> turn = answer("read " + offset + "+" + dst.remaining());
    turn.join();
    synchronized (content) {
      dst.put(content, (int) offset, dst.remaining());
    }
  }

  @Override
  public CompletableFuture<Void> write(long offset, ByteBuffer data, boolean fua) {
    int length = data.remaining();
    synchronized (content) {
      data.get(content, (int) offset, length);
    }
    return answer("write " + offset + "+" + length + (fua ? " fua" : ""));
  }

  @Override
  public CompletableFuture<Void> zero(
      long offset, long length, boolean keepAllocated, boolean fua) {
    synchronized (content) {
      Arrays.fill(content, (int) offset, (int) (offset + length), (byte) 0);
    }
    return answer(
        "zero " + offset + "+" + length + (keepAllocated ? " keep" : "") + (fua ? " fua" : ""));
  }

  @Override
  public CompletableFuture<Void> flush() {
    return answer("flush");
  }

  private CompletableFuture<Void> answer(String call) {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    synchronized (this) {
      calls.add(call);
      notifyAll();
      if (holding) {
        held.add(() -> complete(answer));
        return answer;
      }
    }
    complete(answer);
    return answer;
  }

  private void complete(CompletableFuture<Void> answer) {
    if (failure == null) {
      answer.complete(null);
    } else {
      answer.completeExceptionally(failure);
    }
  }

  void fail(IOException with) {
    failure = with;
  }

  synchronized void hold() {
    holding = true;
  }

  /** Answers what is held, the newest first, and holds no more. */
  void release() {
    List<Runnable> now;
    synchronized (this) {
      holding = false;
      now = new ArrayList<>(held.reversed());
      held.clear();
    }
    now.forEach(Runnable::run);
  }

  synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  synchronized void awaitCalls(int count) throws InterruptedException {
    while (calls.size() < count) {
      wait();
    }
  }
}
