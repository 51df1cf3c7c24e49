/**
 * JMH benchmarks, and end-to-end comparisons with QEMU and Kafka's own tools. May use everything
 * but system-tests; nothing depends on it.
 */
package dev.drover.benchmarks;
