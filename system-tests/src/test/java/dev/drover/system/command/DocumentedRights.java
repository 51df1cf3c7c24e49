package dev.drover.system.command;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** The table of docs/security.md as ACLs: each role is a user of that name. */
final class DocumentedRights {
  static final List<String> ROLES = List.of("reader", "replica", "writer", "operator", "admin");

  private static final Path TABLE = Path.of("..", "docs", "security.md");

  private DocumentedRights() {}

  /** All rows of the table, for prefix p and volume v. */
  static List<AclBinding> read() throws IOException {
    List<AclBinding> acls = new ArrayList<>();
    for (String line : Files.readAllLines(TABLE)) {
      String[] cells = line.split("\\|");
      if (cells.length != 5 || !ROLES.contains(cells[1].strip())) {
        continue;
      }
      String name = cells[3].replace("`", "").strip().replace("PREFIX", "p").replace("VOLUME", "v");
      PatternType pattern = name.endsWith(".") ? PatternType.PREFIXED : PatternType.LITERAL;
      var resource =
          new ResourcePattern(ResourceType.fromString(snake(cells[2].strip())), name, pattern);
      for (String operation : cells[4].split(",")) {
        acls.add(
            new AclBinding(
                resource,
                new AccessControlEntry(
                    "User:" + cells[1].strip(),
                    "*",
                    AclOperation.fromString(snake(operation.strip())),
                    AclPermissionType.ALLOW)));
      }
    }
    assertTrue(acls.size() > 20, () -> "only " + acls);
    return acls;
  }

  private static String snake(String name) {
    return Pattern.compile("(?<=[a-z])(?=[A-Z])").matcher(name).replaceAll("_");
  }
}
