package dev.drover.applier;

/** What an engine has done since it started. Written by its thread alone. */
final class EngineCounters {
  long intents;
  long bytes;
  long batches;
  long faults;
  long recoveredClusters;
  long compensations;
  long compensatedClusters;
}
