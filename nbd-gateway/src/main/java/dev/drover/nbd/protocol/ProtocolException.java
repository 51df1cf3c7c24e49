package dev.drover.nbd.protocol;

import java.io.IOException;

/** The peer sent what no conforming peer sends; the only answer is to disconnect. */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  public ProtocolException(String message) {
    super(message);
  }
}
