/**
 * Applies intents to an image: planner, engine, compensation, recovery, replay, status. May use
 * journal and qcow2-core; knows no NBD.
 */
package dev.drover.applier;
