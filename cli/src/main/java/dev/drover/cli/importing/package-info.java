/**
 * Journals what an image holds, so that a volume begins with it. Uses the journal's ports and
 * qcow2-core's reading side. Start with {@link dev.drover.cli.importing.ImageImport}.
 */
package dev.drover.cli.importing;
