package dev.drover.nbd;

/**
 * What one gateway may use, and what it promises.
 *
 * @param overlayLimitBytes memory for intents that the image does not show yet; a full overlay
 *     delays answers and never fails them
 * @param cacheMode when a write is answered
 */
public record GatewayOptions(long overlayLimitBytes, CacheMode cacheMode) {
  public static final GatewayOptions DEFAULT =
      new GatewayOptions(256L * 1024 * 1024, CacheMode.JOURNAL);

  public GatewayOptions {
    if (overlayLimitBytes <= 0) {
      throw new IllegalArgumentException("overlay limit of " + overlayLimitBytes + " bytes");
    }
  }
}
