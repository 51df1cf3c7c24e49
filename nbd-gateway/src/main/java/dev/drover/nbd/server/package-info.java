/**
 * The NBD server: sockets, negotiation, transmission, and limits against hostile clients. Uses the
 * protocol package and the port Export. Start reading at {@link dev.drover.nbd.server.NbdServer}.
 */
package dev.drover.nbd.server;
