/**
 * Every short sequence of operations on a plain image, failed at each I/O and cut after each I/O.
 * Uses {@code ..sim} and the public image; start reading at {@link
 * dev.drover.qcow2.exhaustive.Exhaustive}.
 */
package dev.drover.qcow2.exhaustive;
