/**
 * JMH benchmarks, and end-to-end comparisons with QEMU and Kafka's own tools.
 *
 * <p>May use everything but system-tests; nothing depends on it. Run them with {@code mvn -Pbench
 * -pl benchmarks -am -DskipTests package}; {@code -Djmh="Codec -p payloadBytes=4096"} passes JMH's
 * own arguments. Start with {@link dev.drover.benchmarks.RecordCodecBenchmark}.
 */
package dev.drover.benchmarks;
