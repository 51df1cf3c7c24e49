package dev.drover.qcow2.check;

/** How the active table maps the disk, in clusters. */
public final class ActiveClusters {

  private long allocated;
  private long fragmented;
  private long compressed;
  private long shared;

  /** Mapped to space in the file. */
  public long allocated() {
    return allocated;
  }

  /** Of these, not behind their neighbour; all compressed ones. */
  public long fragmented() {
    return fragmented;
  }

  /** Of these, compressed. */
  public long compressed() {
    return compressed;
  }

  /**
   * L2 tables and uncompressed clusters referenced a second time by the same table. The format
   * allows it, with the refcount to match; Drover never makes such an image, so in one of its own
   * it means that two places of the disk have become one.
   */
  public long shared() {
    return shared;
  }

  void addPlain(boolean isFragmented, int times) {
    allocated += times;
    if (isFragmented) {
      fragmented += times;
    }
  }

  void addCompressed(int times) {
    allocated += times;
    fragmented += times;
    compressed += times;
  }

  void addShared(int times) {
    shared += times;
  }
}
