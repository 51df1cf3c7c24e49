/**
 * The qcow2 format: header, mappings, refcounts, allocation, snapshots, check and repair. May use
 * the JDK and zstd; knows no Kafka, no JSON and no network.
 */
package dev.drover.qcow2;
