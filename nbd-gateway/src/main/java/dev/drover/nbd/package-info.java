/**
 * The NBD server and the overlay of unapplied intents. May use journal and qcow2-core; knows no
 * applier.
 */
package dev.drover.nbd;
