/**
 * The port through which everything here touches a file. Uses nothing but the JDK. Start with
 * {@link dev.drover.qcow2.io.BlockFile}; its adapters are in {@code file} and, for tests, {@code
 * sim}.
 */
package dev.drover.qcow2.io;
