package dev.drover.qcow2;

import dev.drover.qcow2.Qcow2Exception.Code;
import dev.drover.qcow2.file.FileIdentity;
import dev.drover.qcow2.file.HostFile;
import dev.drover.qcow2.io.BlockFile;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A gate that opens backing files and data files of the host, for a caller who trusts the images of
 * a chain.
 *
 * <p>Even so: the format has to be recorded in the image (a raw disk whose guest wrote a qcow2
 * header must not be taken for one), names are plain paths and never a protocol or {@code json:},
 * relative ones belong to the folder of the image that names them, no file occurs twice in a chain,
 * and a chain ends after {@value #MAX_DEPTH} files. Files are held as readers, so that none of them
 * changes meanwhile, but for the one that the caller wants to write to. One thread.
 */
public final class BackingFiles implements BackingOpener {

  static final int MAX_DEPTH = 64;

  private final Path image;
  private final Set<FileIdentity> above;
  private final Changed changed;
  private final boolean forced;

  /** The file of a chain that is opened for writing. */
  private static final class Changed {
    /** Null: the first one. */
    private final FileIdentity wanted;

    private WritableDisk disk;

    Changed(FileIdentity wanted) {
      this.wanted = wanted;
    }

    boolean isWanted(FileIdentity file) {
      return disk == null && (wanted == null || wanted.equals(file));
    }
  }

  private BackingFiles(Path image, Set<FileIdentity> above, Changed changed, boolean forced) {
    this.image = image;
    this.above = above;
    this.changed = changed;
    this.forced = forced;
  }

  /** The gate for one image file and everything below it. */
  public static BackingOpener of(Path image) throws IOException {
    return new BackingFiles(image, Set.of(FileIdentity.of(image)), null, false);
  }

  /** The same for who only looks, beside whoever writes to any of these files. */
  public static BackingOpener forced(Path image) throws IOException {
    return new BackingFiles(image, Set.of(FileIdentity.of(image)), null, true);
  }

  /**
   * The same, but one file of the chain is opened for writing: {@link #writable} has it then.
   *
   * @param below that file; empty: the one right below the image
   */
  public static BackingFiles withWritable(Path image, Optional<Path> below) throws IOException {
    FileIdentity wanted = below.isPresent() ? FileIdentity.of(below.get()) : null;
    return new BackingFiles(image, Set.of(FileIdentity.of(image)), new Changed(wanted), false);
  }

  /** What {@link #withWritable} asked for; empty while the chain has not shown it. */
  public Optional<WritableDisk> writable() {
    return changed == null ? Optional.empty() : Optional.ofNullable(changed.disk);
  }

  @Override
  public GuestDisk open(String name, BackingReference reference) throws IOException {
    String format =
        reference
            .format()
            .orElseThrow(
                () ->
                    refused(
                        "names the backing file \""
                            + printable(reference.name())
                            + "\" without its format",
                        "record it: image rebase -u -F FORMAT -b BACKING FILE"));
    Path path = path(reference.name());
    Set<FileIdentity> chain = new HashSet<>(above);
    boolean write;
    HostFile file;
    try {
      FileIdentity identity = FileIdentity.of(path);
      write = changed != null && changed.isWanted(identity);
      if (!chain.add(identity)) {
        throw refused("is its own backing file, by way of " + path, "repair the chain");
      }
      if (chain.size() > MAX_DEPTH) {
        throw refused("has more than " + MAX_DEPTH + " files in its chain", "flatten the chain");
      }
      file =
          write
              ? HostFile.openForWriting(path)
              : forced ? HostFile.openForced(path) : HostFile.openForReading(path);
    } catch (NoSuchFileException e) {
      throw refused(
          "names the backing file " + path + ", which is not there",
          "bring it there, or say where it is: image rebase -u -b BACKING -F FORMAT FILE");
    }
    boolean done = false;
    try {
      WritableDisk disk =
          switch (format) {
            case "raw" -> new RawDisk(file);
            case "qcow2" ->
                Qcow2Image.open(file, !write, new BackingFiles(path, chain, changed, forced));
            default ->
                throw refused(
                    "has a backing file of the format \"" + printable(format) + "\"",
                    "convert the backing file to qcow2 or raw");
          };
      if (write) {
        changed.disk = disk;
      }
      done = true;
      return disk;
    } finally {
      if (!done) {
        file.close();
      }
    }
  }

  @Override
  public BlockFile openData(String owner, String name, boolean readOnly) throws IOException {
    DataFile data = DataFile.of(image, name);
    data.requireNoneOf(above);
    return data.open(readOnly, forced);
  }

  private Path path(String name) throws Qcow2Exception {
    return plainPath(image, name)
        .orElseThrow(
            () ->
                refused(
                    "names the backing file \"" + printable(name) + "\", which is no plain path",
                    "rebase it onto a file: image rebase -u -F FORMAT -b BACKING FILE"));
  }

  /**
   * What an image means by a name. One of QEMU's for something that is no file has a colon before
   * its first slash.
   */
  static Optional<Path> plainPath(Path image, String name) {
    int colon = name.indexOf(':');
    int slash = name.indexOf('/');
    if (name.isEmpty() || (colon >= 0 && (slash < 0 || colon < slash))) {
      return Optional.empty();
    }
    try {
      return Optional.of(image.resolveSibling(name));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private Qcow2Exception refused(String what, String hint) {
    return new Qcow2Exception(Code.BACKING_REFUSED, image.toString(), what, hint);
  }

  /** Text from an image, safe for a terminal. */
  static String printable(String untrusted) {
    return untrusted.replaceAll("\\p{Cntrl}", "?");
  }
}
