package dev.drover.system.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A tree like a clone of Drover's: the real launcher and JDK search, one source file a module, and
 * an {@code mvn} that counts its calls and packages a {@code bin/drover} that prints its arguments.
 */
final class Clone {

  record Run(int code, String out, String err) {}

  private static final Path TREE = Path.of("..").toAbsolutePath().normalize();
  private static final String FIND_JDK = "cli/src/main/dist/bin/find-jdk";

  private static final String MVN =
      """
      #!/bin/bash
      # One line a build. With a file named fail: prints an error and fails.
      echo build >>'%1$s/builds'
      sleep 0.3
      if [ -e '%1$s/fail' ]; then echo '[ERROR] it does not compile'; exit 1; fi
      mkdir -p '%2$s/cli/target/drover/bin'
      printf '#!/bin/bash\\necho "ran $*"\\n' >'%2$s/cli/target/drover/bin/drover'
      chmod +x '%2$s/cli/target/drover/bin/drover'
      touch '%2$s/cli/target/drover/.built'
      """;

  private final Path folder;
  private final Path root;
  private boolean maven = true;

  /** The tree is made in a folder whose name has spaces, because scripts break there first. */
  Clone(Path folder) throws IOException {
    this.folder = folder;
    this.root = folder.resolve("a clone with spaces");
    for (String module : List.of("qcow2-core", "journal", "applier", "nbd-gateway", "cli")) {
      write(root.resolve(module).resolve("src/main/java/A.java"), "class A {}\n", false);
      write(root.resolve(module).resolve("pom.xml"), "<project/>\n", false);
    }
    write(root.resolve("pom.xml"), "<project/>\n", false);
    write(root.resolve("drover"), Files.readString(TREE.resolve("drover")), true);
    write(root.resolve(FIND_JDK), Files.readString(TREE.resolve(FIND_JDK)), true);
    write(folder.resolve("mvn/mvn"), MVN.formatted(folder, root), true);
    Files.createDirectories(folder.resolve("elsewhere"));
    for (String tool : TOOLS) {
      String wrapper = "#!/bin/sh\nexec '%s' \"$@\"\n".formatted(onPath(tool));
      write(folder.resolve("tools").resolve(tool), wrapper, true);
    }
  }

  /** What the scripts call; the test's PATH holds these only, so that no real Maven is found. */
  private static final List<String> TOOLS =
      List.of(
          "bash",
          "cat",
          "chmod",
          "dirname",
          "env",
          "find",
          "flock",
          "grep",
          "mkdir",
          "readlink",
          "sleep",
          "touch");

  private static Path onPath(String tool) {
    for (String entry : System.getenv("PATH").split(":")) {
      Path file = Path.of(entry, tool);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    throw new IllegalStateException(tool + " is not on PATH");
  }

  Path root() {
    return root;
  }

  Path folder() {
    return folder;
  }

  void uninstallMaven() {
    maven = false;
  }

  void breakSources() throws IOException {
    Files.writeString(folder.resolve("fail"), "");
  }

  /** As an edit just after the last build began. */
  void edit(String file) throws IOException {
    touch(root.resolve(file));
  }

  void delete(String file) throws IOException {
    Files.delete(root.resolve(file));
    touch(root.resolve(file).getParent());
  }

  private void touch(Path file) throws IOException {
    Instant built = Files.getLastModifiedTime(root.resolve("cli/target/drover/.built")).toInstant();
    Files.setLastModifiedTime(file, FileTime.from(built.plusMillis(1)));
  }

  int builds() throws IOException {
    Path log = folder.resolve("builds");
    return Files.exists(log) ? Files.readAllLines(log).size() : 0;
  }

  Process start(Path launcher, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.resolve("elsewhere").toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder
        .environment()
        .put("PATH", (maven ? folder.resolve("mvn") + ":" : "") + folder.resolve("tools"));
    return builder.start();
  }

  static Run finish(Process process) throws IOException, InterruptedException {
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("the launcher hangs");
    }
    return new Run(
        process.exitValue(),
        new String(process.getInputStream().readAllBytes()),
        new String(process.getErrorStream().readAllBytes()));
  }

  Run run(String... arguments) throws IOException, InterruptedException {
    return finish(start(root.resolve("drover"), arguments));
  }

  private static void write(Path file, String text, boolean executable) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    if (executable) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
