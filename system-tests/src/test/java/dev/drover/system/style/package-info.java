/**
 * The style rules that a formatter cannot see, as tests over the sources of all modules.
 *
 * <p>May use the JDK's own compiler tree. Start with {@link dev.drover.system.style.StyleTest}.
 */
package dev.drover.system.style;
