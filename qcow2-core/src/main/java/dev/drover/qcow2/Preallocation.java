package dev.drover.qcow2;

/** How much of a new disk gets its space at once; the names are qemu-img's. */
public enum Preallocation {
  /** Nothing: space is taken when it is written to. */
  OFF,
  /** Every cluster has its place, and the host none of the space. */
  METADATA,
  /** The host has set the space aside, too. */
  FALLOC,
  /** And zeroes are written to all of it. */
  FULL
}
