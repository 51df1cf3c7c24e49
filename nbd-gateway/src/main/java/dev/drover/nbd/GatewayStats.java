package dev.drover.nbd;

/**
 * What a gateway holds at one moment.
 *
 * @param overlayBytes what counts against the overlay's limit
 * @param overlayEntries changes that the image does not show yet
 * @param waiting requests not yet appended, mostly for want of room in the overlay
 * @param unacknowledged requests appended and not yet acknowledged by the journal
 */
public record GatewayStats(
    long overlayBytes, int overlayEntries, int waiting, int unacknowledged) {}
