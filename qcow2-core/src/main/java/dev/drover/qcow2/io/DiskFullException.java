package dev.drover.qcow2.io;

import java.io.IOException;

/** The host has no room (ENOSPC, EDQUOT): retriable once somebody makes some. */
public final class DiskFullException extends IOException {

  private static final long serialVersionUID = 1;

  public DiskFullException(String file, Throwable cause) {
    super(file + ": no space left on device", cause);
  }
}
