/**
 * The examples that the published Javadoc shows. Uses nothing but the public API of qcow2-core, as
 * its readers do. Start with {@link dev.drover.qcow2.example.ImageExamples}.
 */
package dev.drover.qcow2.example;
