/**
 * The distribution as a user gets it: the folder that {@code cli} packages.
 *
 * <p>May use the {@code drover.home} property. Start with {@link
 * dev.drover.system.distribution.DistributionIT}.
 */
package dev.drover.system.distribution;
