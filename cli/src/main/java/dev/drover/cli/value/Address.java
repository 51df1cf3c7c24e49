package dev.drover.cli.value;

import java.net.InetSocketAddress;

/** HOST:PORT as people type it. */
public final class Address {
  /** Parses and resolves; IPv6 addresses stand in brackets. */
  public static InetSocketAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    String port = text.substring(colon + 1);
    if (colon < 1 || !port.matches("\\d{1,5}") || Integer.parseInt(port) > 65535) {
      throw new IllegalValue("'" + text + "' is not HOST:PORT, for example 127.0.0.1:10809");
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    return new InetSocketAddress(host, Integer.parseInt(port));
  }

  private Address() {}
}
