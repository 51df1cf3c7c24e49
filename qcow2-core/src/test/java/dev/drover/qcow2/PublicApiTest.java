package dev.drover.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What programs see of qcow2-core: its packages but {@code core}. Nothing public there mentions a
 * type that they cannot name.
 */
final class PublicApiTest {

  private static final String ROOT = "dev.drover.qcow2";
  private static final String INTERNAL = ROOT + ".core";

  private static List<Class<?>> publicTypes() throws IOException {
    Path classes;
    try {
      classes =
          Path.of(Qcow2Image.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
    List<Class<?>> types = new ArrayList<>();
    try (Stream<Path> files = Files.walk(classes.resolve(ROOT.replace('.', '/')))) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        String name = classes.relativize(file).toString().replace('/', '.');
        if (name.endsWith(".class") && !name.endsWith("package-info.class")) {
          Class<?> type = load(name.substring(0, name.length() - ".class".length()));
          if (isVisible(type)) {
            types.add(type);
          }
        }
      }
    }
    return types;
  }

  private static Class<?> load(String name) throws IOException {
    try {
      return Class.forName(name, false, PublicApiTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IOException(e);
    }
  }

  private static boolean isVisible(Class<?> type) {
    return Modifier.isPublic(type.getModifiers())
        && !type.getPackageName().equals(INTERNAL)
        && (type.getDeclaringClass() == null || isVisible(type.getDeclaringClass()));
  }

  private static boolean isOffered(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  @Test
  void nothingPublicMentionsATypeThatIsNot() throws IOException {
    Set<String> leaks = new TreeSet<>();
    for (Class<?> type : publicTypes()) {
      check(type, type.getGenericSuperclass(), leaks);
      for (Type each : type.getGenericInterfaces()) {
        check(type, each, leaks);
      }
      for (Field field : type.getDeclaredFields()) {
        if (isOffered(field.getModifiers())) {
          check(field, field.getGenericType(), leaks);
        }
      }
      for (Method method : type.getDeclaredMethods()) {
        if (isOffered(method.getModifiers()) && !method.isSynthetic()) {
          check(method, method.getGenericReturnType(), leaks);
          checkParameters(method, leaks);
        }
      }
      for (Constructor<?> constructor : type.getDeclaredConstructors()) {
        if (isOffered(constructor.getModifiers())) {
          checkParameters(constructor, leaks);
        }
      }
    }
    assertEquals(Set.of(), leaks);
  }

  private static void checkParameters(Executable executable, Set<String> leaks) {
    for (Type parameter : executable.getGenericParameterTypes()) {
      check(executable, parameter, leaks);
    }
    for (Type thrown : executable.getGenericExceptionTypes()) {
      check(executable, thrown, leaks);
    }
  }

  private static void check(Object where, Type mentioned, Set<String> leaks) {
    switch (mentioned) {
      case null -> {}
      case Class<?> type when type.isArray() -> check(where, type.getComponentType(), leaks);
      case Class<?> type -> {
        if (type.getName().startsWith(ROOT) && !isVisible(type)) {
          leaks.add(where + " mentions " + type.getName());
        }
      }
      case ParameterizedType type -> {
        check(where, type.getRawType(), leaks);
        for (Type argument : type.getActualTypeArguments()) {
          check(where, argument, leaks);
        }
      }
      case GenericArrayType type -> check(where, type.getGenericComponentType(), leaks);
      case WildcardType type -> {
        for (Type bound : type.getUpperBounds()) {
          check(where, bound, leaks);
        }
      }
      default -> {} // a type variable, whose bounds are mentioned elsewhere
    }
  }

  @Test
  void thereIsSomethingToLookAt() throws IOException {
    assertTrue(publicTypes().contains(Qcow2Image.class));
    assertTrue(publicTypes().size() > 40);
  }
}
