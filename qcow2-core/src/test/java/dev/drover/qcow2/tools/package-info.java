/**
 * What tests say about programs that they need on the machine, such as qemu-img.
 *
 * <p>May use JUnit; is part of this module's test jar, so every module's tests may use it. Start
 * with {@link dev.drover.qcow2.tools.RequiresTools}.
 */
package dev.drover.qcow2.tools;
