package dev.drover.applier;

import dev.drover.journal.ReplicaStatus.ImageWitness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.UUID;

/** What the host says of an image's file. */
record FileFacts(long device, long inode, long sizeBytes, FileTime modified) {

  static FileFacts of(Path path) throws IOException {
    Map<String, Object> unix = Files.readAttributes(path, "unix:dev,ino,size,lastModifiedTime");
    return new FileFacts(
        ((Number) unix.get("dev")).longValue(),
        ((Number) unix.get("ino")).longValue(),
        ((Number) unix.get("size")).longValue(),
        (FileTime) unix.get("lastModifiedTime"));
  }

  ReplicaState.Owner owner(UUID host) {
    return new ReplicaState.Owner(host, device, inode);
  }

  ImageWitness witness(long generation) {
    return new ImageWitness(device, inode, sizeBytes, modified.toInstant(), generation);
  }
}
