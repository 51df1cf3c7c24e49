/**
 * Meddles with the demo from where its seam is.
 *
 * <p>In the demo's own package, because the seam is not for anybody else; here and not in {@code
 * cli}, because it needs a broker, a gateway and two appliers. Start with {@link
 * dev.drover.cli.demo.Demo}.
 */
package dev.drover.cli.demo;
