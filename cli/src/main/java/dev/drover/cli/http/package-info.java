/**
 * Health, metrics and a status page over HTTP, for what watches a replica. Uses the JDK's server
 * and Prometheus's client. Start with {@link dev.drover.cli.http.StatusServer}.
 */
package dev.drover.cli.http;
