package dev.drover.system.layers.broken.nbd;

final class Sleeps {
  void nap() throws InterruptedException {
    Thread.sleep(10);
  }
}
