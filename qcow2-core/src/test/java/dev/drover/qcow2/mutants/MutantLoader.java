package dev.drover.qcow2.mutants;

import dev.drover.qcow2.sim.InvariantViolation;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/**
 * Loads the project's classes anew, tests and simulators too, some of them from memory: a class
 * with a defect meets only classes of its own loader, so package-private access goes on working and
 * nothing outside is touched. What a judge says is passed out as an {@link InvariantViolation},
 * which both sides share.
 */
final class MutantLoader extends ClassLoader {

  private static final String OURS = "dev.drover.";

  private final Map<String, byte[]> defective;

  MutantLoader(Map<String, byte[]> defective) {
    super(MutantLoader.class.getClassLoader());
    this.defective = defective;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS) || name.equals(InvariantViolation.class.getName())) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    byte[] code = defective.get(name);
    if (code == null) {
      try (InputStream found = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (found == null) {
          throw new ClassNotFoundException(name);
        }
        code = found.readAllBytes();
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
    return defineClass(name, code, 0, code.length);
  }
}
