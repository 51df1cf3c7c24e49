package dev.drover.qcow2.check;

/** What a cluster is used for. Only the sharable roles may claim one cluster more than once. */
enum Role {
  HEADER(false),
  L1(false),
  L2(true),
  DATA(true),
  SNAPSHOT_TABLE(false),
  REFCOUNT_TABLE(false),
  REFCOUNT_BLOCK(false),
  BITMAP(false);

  private static final Role[] BY_CODE = values();

  private final boolean sharable;

  Role(boolean sharable) {
    this.sharable = sharable;
  }

  /** 0 stands for no role. */
  byte code() {
    return (byte) (ordinal() + 1);
  }

  static Role of(byte code) {
    return BY_CODE[code - 1];
  }

  boolean isSharable() {
    return sharable;
  }

  /** Part of what stores refcounts: it can be built anew from everything else. */
  boolean isOfRefcounts() {
    return this == REFCOUNT_TABLE || this == REFCOUNT_BLOCK;
  }

  @Override
  public String toString() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }
}
