package dev.drover.qcow2.example;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.qcow2.BackingFiles;
import dev.drover.qcow2.BackingReference;
import dev.drover.qcow2.Comparison;
import dev.drover.qcow2.CreateOptions;
import dev.drover.qcow2.ImageCompare;
import dev.drover.qcow2.ImageInfo;
import dev.drover.qcow2.Qcow2Image;
import dev.drover.qcow2.file.HostFile;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.tools.DocumentationTool;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example of the Javadoc does what it says, and every one is found by javadoc. */
final class ImageExamplesTest {

  private static final Path SOURCES = Path.of("src/main/java");
  private static final Path EXAMPLES = Path.of("src/test/java");

  @TempDir Path folder;
  private Path image;
  private final byte[] content = new byte[4096];

  @BeforeEach
  void writeAnImage() throws IOException {
    image = folder.resolve("disk.qcow2");
    Arrays.fill(content, (byte) 42);
    ImageExamples.create(image);
    ImageExamples.write(image, content);
  }

  private static ImageInfo info(Path path) throws IOException {
    try (HostFile file = HostFile.openForReading(path)) {
      return ImageInfo.read(file);
    }
  }

  private static Qcow2Image opened(Path path) throws IOException {
    return Qcow2Image.open(HostFile.openForReading(path), true, BackingFiles.of(path));
  }

  private static void assertSameDisk(Path one, Path other) throws IOException {
    try (Qcow2Image a = opened(one);
        Qcow2Image b = opened(other)) {
      Comparison found = ImageCompare.compare(a, b);
      assertTrue(found.isSameSizeToo(), found.toString());
    }
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    assertArrayEquals(content, ImageExamples.read(image));
    assertEquals(128 << 10, info(image).clusterSizeBytes());
    assertEquals(0, ImageExamples.check(image));
    assertEquals(4096, ImageExamples.bytesThere(image));
  }

  @Test
  void aSnapshotTakesAMistakeBack() throws IOException {
    Path before = folder.resolve("before.qcow2");
    Files.copy(image, before);
    ImageExamples.snapshot(image);
    assertSameDisk(before, image);
    assertEquals(List.of(), info(image).snapshots());
  }

  @Test
  void aCopyIsTheSameDisk() throws IOException {
    Path copy = folder.resolve("copy.qcow2");
    ImageExamples.convert(image, copy);
    assertSameDisk(image, copy);
  }

  @Test
  void aCopyIsWatched() throws IOException {
    Path small = folder.resolve("small.qcow2");
    Qcow2Image.create(HostFile.createNew(small), CreateOptions.ofSize(4 << 20)).close();
    ImageExamples.write(small, content);
    Path raw = folder.resolve("small.raw");
    ImageExamples.convertAndWatch(small, raw);
    assertArrayEquals(
        content, Arrays.copyOfRange(Files.readAllBytes(raw), 1 << 20, (1 << 20) + 4096));
  }

  @Test
  void anOverlayIsCommittedAndRebased() throws IOException {
    Path overlay = folder.resolve("overlay.qcow2");
    Path other = folder.resolve("other.qcow2");
    Files.copy(image, other);
    ImageExamples.overlay(overlay, "disk.qcow2");
    Arrays.fill(content, (byte) 43);
    ImageExamples.write(overlay, content);
    ImageExamples.commit(overlay);
    assertArrayEquals(content, ImageExamples.read(image));
    ImageExamples.rebase(overlay, "other.qcow2");
    assertArrayEquals(content, ImageExamples.read(overlay));
    assertEquals(Optional.of(BackingReference.qcow2("other.qcow2")), info(overlay).backing());
  }

  private static boolean showsAnExample(Path source) {
    try {
      return source.toString().endsWith(".java") && Files.readString(source).contains("{@snippet");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As the javadoc plugin runs it: a snippet or link that leads nowhere is an error. */
  @Test
  void javadocFindsEveryExample() throws IOException {
    DocumentationTool tool = ToolProvider.getSystemDocumentationTool();
    StringWriter said = new StringWriter();
    try (StandardJavaFileManager files = tool.getStandardFileManager(null, null, null)) {
      List<Path> sources;
      try (Stream<Path> all = Files.list(SOURCES.resolve("dev/drover/qcow2"))) {
        sources = all.filter(ImageExamplesTest::showsAnExample).sorted().toList();
      }
      boolean done =
          tool.getTask(
                  said,
                  files,
                  null,
                  null,
                  List.of(
                      "-d",
                      folder.resolve("doc").toString(),
                      "--snippet-path",
                      EXAMPLES.toString(),
                      "-sourcepath",
                      SOURCES.toString(),
                      "-classpath",
                      System.getProperty("java.class.path"),
                      "-Xdoclint:reference,syntax",
                      "-notree",
                      "-noindex",
                      "-nohelp",
                      "-quiet"),
                  files.getJavaFileObjectsFromPaths(sources))
              .call();
      assertTrue(done, said.toString());
    }
    String page = Files.readString(folder.resolve("doc/dev/drover/qcow2/Qcow2Image.html"));
    assertTrue(page.contains("only now all of it is durable"), "the example is on the page");
  }
}
