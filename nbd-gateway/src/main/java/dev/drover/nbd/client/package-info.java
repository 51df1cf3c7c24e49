/**
 * A small pipelining NBD client, for the demo, for checks where no other client is installed, and
 * for tests. Uses the protocol package. Start reading at {@link dev.drover.nbd.client.NbdClient}.
 */
package dev.drover.nbd.client;
