/**
 * {@code drover demo}: the whole story with real processes, a real broker and one injected error.
 *
 * <p>May use the command's own verbs (as child processes), an NBD client, and qcow2-core to judge
 * images; never the engine. Start with {@link dev.drover.cli.demo.Demo}.
 */
package dev.drover.cli.demo;
