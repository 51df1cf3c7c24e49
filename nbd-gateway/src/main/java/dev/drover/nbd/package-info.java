/**
 * The gateway: ties the journal, the overlay of unapplied intents and the local replica together,
 * behind the NBD server. May use journal and qcow2-core; knows no applier. Start reading at {@link
 * dev.drover.nbd.Gateway}.
 */
package dev.drover.nbd;
