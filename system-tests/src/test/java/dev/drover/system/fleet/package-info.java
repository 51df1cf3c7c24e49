/**
 * Many replicas seen as one fleet: what the registry says of them from any host, and many volumes
 * in one process. Uses the packaged modules on the shared broker. Start with {@link
 * dev.drover.system.fleet.RegistryTruthTest}.
 */
package dev.drover.system.fleet;
