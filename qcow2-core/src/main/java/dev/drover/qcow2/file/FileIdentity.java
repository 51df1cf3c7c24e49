package dev.drover.qcow2.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Which file it is, whatever it is called: device and inode number. */
public record FileIdentity(long device, long inode) {

  /** Of the file that the path leads to now; symbolic links are followed. */
  public static FileIdentity of(Path path) throws IOException {
    Map<String, Object> attributes = Files.readAttributes(path, "unix:dev,ino");
    return new FileIdentity(
        ((Number) attributes.get("dev")).longValue(), ((Number) attributes.get("ino")).longValue());
  }
}
