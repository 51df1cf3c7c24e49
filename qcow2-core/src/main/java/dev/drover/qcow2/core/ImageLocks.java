package dev.drover.qcow2.core;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The two locks of an open image: everything that one of its threads ever waits for. A simulation
 * brings its own, and so sees every wait.
 *
 * <p>Who needs both takes {@code metadata} first. Readers take {@code mapping} alone.
 *
 * @param metadata plans, takes and frees space, links: one at a time
 * @param mapping held for reading while guest bytes are looked up and read, for writing while
 *     tables change
 */
public record ImageLocks(Lock metadata, ReadWriteLock mapping) {

  /** Locks for threads as the JVM has them. */
  public static ImageLocks ofThreads() {
    return new ImageLocks(new ReentrantLock(), new ReentrantReadWriteLock());
  }
}
