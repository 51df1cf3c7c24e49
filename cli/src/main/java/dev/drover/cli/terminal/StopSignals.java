package dev.drover.cli.terminal;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * SIGTERM and SIGINT for verbs that have something to put in order. The first one asks: the verb
 * sees {@link #requested} or is woken from {@link #await}. The second one ends the process at once,
 * as does a first one that has not been answered within 30 s.
 *
 * <p>A shutdown hook cannot do this: while hooks run the JVM ignores further signals, and the exit
 * code is no longer ours. The JDK's signal class has no public home, hence the reflection.
 */
public final class StopSignals {
  private static final long GRACE_SECONDS = 30;

  private final CountDownLatch asked = new CountDownLatch(1);
  private final AtomicReference<Exit> signal = new AtomicReference<>();
  private volatile Runnable onFirst = () -> {};

  /** Takes the two signals over for the rest of the process's life. */
  public static StopSignals install() {
    StopSignals signals = new StopSignals();
    try {
      Class<?> type = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Method handle = type.getMethod("handle", type, handlerType);
      InvocationHandler calls =
          (proxy, method, args) ->
              switch (method.getName()) {
                case "handle" -> {
                  signals.arrived(args[0].toString());
                  yield null;
                }
                case "equals" -> proxy == args[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "StopSignals";
              };
      Object handler =
          Proxy.newProxyInstance(
              StopSignals.class.getClassLoader(), new Class<?>[] {handlerType}, calls);
      for (String name : new String[] {"TERM", "INT"}) {
        handle.invoke(null, type.getConstructor(String.class).newInstance(name), handler);
      }
    } catch (ReflectiveOperationException e) {
      // Another JVM, or -Xrs: the default action of the signals stands, which recovery covers.
      return signals;
    }
    return signals;
  }

  /** A stand-in that nothing asks to stop, for commands run inside tests. */
  public static StopSignals none() {
    return new StopSignals();
  }

  /** For one of many in a process: only {@link #request} asks it. */
  public static StopSignals fromInside() {
    return new StopSignals();
  }

  /** Runs once when the first signal comes, on the signal's thread; keep it short. */
  public void onFirst(Runnable action) {
    onFirst = action;
    if (requested()) {
      action.run();
    }
  }

  /** Asks from inside the process, as a signal would. */
  public void request(Exit why) {
    if (signal.compareAndSet(null, why)) {
      asked.countDown();
      onFirst.run();
    }
  }

  public boolean requested() {
    return signal.get() != null;
  }

  /** 130 or 143: how a bounded verb ends that was asked to stop before it was done. */
  public int boundedExit() {
    Exit why = signal.get();
    return why == null ? Exit.DONE.code() : why.code();
  }

  /** Sleeps until asked to stop. */
  public void await() throws InterruptedException {
    asked.await();
  }

  /** Sleeps until asked to stop or for this long; true when asked. */
  public boolean await(long time, TimeUnit unit) throws InterruptedException {
    return asked.await(time, unit);
  }

  private void arrived(String name) {
    Exit why = name.endsWith("INT") ? Exit.INTERRUPTED : Exit.TERMINATED;
    if (requested()) {
      Runtime.getRuntime().halt(why.code());
    }
    Thread.ofPlatform().daemon().name("stop-deadline").start(() -> haltAfterGrace(why));
    request(why);
  }

  private static void haltAfterGrace(Exit why) {
    try {
      TimeUnit.SECONDS.sleep(GRACE_SECONDS);
    } catch (InterruptedException e) {
      return;
    }
    System.err.println(
        "drover: could not stop in order within 30 s; ending now, the next start recovers");
    Runtime.getRuntime().halt(why.code());
  }

  private StopSignals() {}
}
