package dev.drover.cli.terminal;

import java.util.Set;

/**
 * How much reaches standard error. slf4j-simple reads its settings once, when the first logger is
 * made, so this runs before anything else in the process.
 */
public final class LogLevels {
  private static final String PREFIX = "org.slf4j.simpleLogger.";
  private static final Set<String> VERBOSE = Set.of("-v", "--verbose");

  /** Kafka's clients retry by themselves and say so at length: their reports come from us. */
  public static void configure(String[] args) {
    boolean verbose = false;
    for (String arg : args) {
      verbose |= VERBOSE.contains(arg);
    }
    level("defaultLogLevel", verbose ? "debug" : "warn");
    level("log.org.apache.kafka", verbose ? "info" : "off");
    level("log.kafka", verbose ? "info" : "off");
    level("log.state", verbose ? "info" : "off");
    level("log.org.apache.kafka.clients.NetworkClient", verbose ? "warn" : "off");
    level("showDateTime", "true");
    level("dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
    level("showShortLogName", "true");
    level("logFile", "System.err");
  }

  private static void level(String key, String value) {
    if (System.getProperty(PREFIX + key) == null) {
      System.setProperty(PREFIX + key, value);
    }
  }

  private LogLevels() {}
}
