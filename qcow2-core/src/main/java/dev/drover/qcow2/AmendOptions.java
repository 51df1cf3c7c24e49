package dev.drover.qcow2;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** What is to become of an image that is there; what nobody names stays. Immutable. */
public final class AmendOptions {

  private Optional<FormatVersion> version = Optional.empty();
  private OptionalInt refcountBits = OptionalInt.empty();
  private OptionalLong virtualSize = OptionalLong.empty();
  private Optional<Boolean> lazyRefcounts = Optional.empty();
  private Optional<Boolean> dataFileRaw = Optional.empty();
  private Optional<String> dataFile = Optional.empty();

  private AmendOptions() {}

  private AmendOptions with(Consumer<AmendOptions> change) {
    AmendOptions changed = new AmendOptions();
    changed.version = version;
    changed.refcountBits = refcountBits;
    changed.virtualSize = virtualSize;
    changed.lazyRefcounts = lazyRefcounts;
    changed.dataFileRaw = dataFileRaw;
    changed.dataFile = dataFile;
    change.accept(changed);
    return changed;
  }

  /** Everything stays. */
  public static AmendOptions none() {
    return new AmendOptions();
  }

  public AmendOptions withVersion(FormatVersion wanted) {
    return with(options -> options.version = Optional.of(wanted));
  }

  /** A power of two from 1 to 64; version 2 has 16. */
  public AmendOptions withRefcountBits(int bits) {
    return with(options -> options.refcountBits = OptionalInt.of(bits));
  }

  /** Lets QEMU postpone refcount updates; version 3 only. */
  public AmendOptions withLazyRefcounts(boolean lazy) {
    return with(options -> options.lazyRefcounts = Optional.of(lazy));
  }

  /** Another size of the disk, as {@link Qcow2Image#resize} gives it. */
  public AmendOptions withVirtualSize(long bytes) {
    return with(options -> options.virtualSize = OptionalLong.of(bytes));
  }

  /** Another name of the external data file, which the caller has moved. */
  public AmendOptions withDataFile(String name) {
    return with(options -> options.dataFile = Optional.of(name));
  }

  /** Whether the external data file stays a raw image of the disk; once not, never again. */
  public AmendOptions withDataFileRaw(boolean raw) {
    return with(options -> options.dataFileRaw = Optional.of(raw));
  }

  public Optional<FormatVersion> version() {
    return version;
  }

  public OptionalInt refcountBits() {
    return refcountBits;
  }

  public Optional<Boolean> lazyRefcounts() {
    return lazyRefcounts;
  }

  public OptionalLong virtualSize() {
    return virtualSize;
  }

  public Optional<String> dataFile() {
    return dataFile;
  }

  public Optional<Boolean> dataFileRaw() {
    return dataFileRaw;
  }
}
