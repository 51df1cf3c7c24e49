/**
 * Judges an image by walking it from the header, independently of the code that writes images. Uses
 * the codecs of {@code format} and the JDK. Start with {@link
 * dev.drover.qcow2.check.ReferenceCount}; {@link dev.drover.qcow2.ImageCheck} is the verb.
 */
package dev.drover.qcow2.check;
