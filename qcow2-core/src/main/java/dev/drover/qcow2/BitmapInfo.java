package dev.drover.qcow2;

/**
 * A persistent dirty bitmap: which parts of the disk have changed since it was made or cleared.
 *
 * @param name of it; no other bitmap of the image has the same
 * @param granularityBytes bytes of the disk that one bit stands for
 * @param enabled it follows the changes of the disk
 * @param inUse the file's copy is not to be trusted: somebody has the image open for writing, or
 *     did not close it; see {@link DirtyBitmaps}
 * @param foreign only the program that made it may use it: it has extra data that no other one
 *     understands, and does not say that it is right without
 */
public record BitmapInfo(
    String name, long granularityBytes, boolean enabled, boolean inUse, boolean foreign) {}
