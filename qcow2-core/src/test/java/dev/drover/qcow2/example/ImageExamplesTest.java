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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every example of the Javadoc does what it says, and every one is found by javadoc. */
final class ImageExamplesTest {

  private static final Path SOURCES = Path.of("src/main/java/dev/drover/qcow2");
  private static final Path EXAMPLES = Path.of("src/test/java");
  private static final String NAME = "dev/drover/qcow2/example/ImageExamples.java";
  private static final Pattern SNIPPET =
      Pattern.compile("\\{@snippet file=\"(?<file>[^\"]*)\" region=\"(?<region>[^\"]*)\"}");
  private static final Pattern REGION = Pattern.compile("@start region=\"([^\"]*)\"");

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

  /** What the javadoc tool would refuse: {@code mvn -pl qcow2-core compile javadoc:javadoc}. */
  @Test
  void everySnippetOfTheJavadocIsThereAndEveryExampleIsShown() throws IOException {
    Set<String> shown = new TreeSet<>();
    try (Stream<Path> all = Files.list(SOURCES)) {
      for (Path source : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
        Matcher snippet = SNIPPET.matcher(Files.readString(source));
        while (snippet.find()) {
          assertEquals(NAME, snippet.group("file"), source.toString());
          shown.add(snippet.group("region"));
        }
      }
    }
    Set<String> there = new TreeSet<>();
    Matcher region = REGION.matcher(Files.readString(EXAMPLES.resolve(NAME)));
    while (region.find()) {
      there.add(region.group(1));
    }
    assertEquals(there, shown);
  }
}
