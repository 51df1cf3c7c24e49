package dev.drover.qcow2.tools;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Skips, or fails, what {@link RequiresTools} marks. */
final class RequiredTools implements ExecutionCondition {

  static final String STRICT = "DROVER_REQUIRE_TOOLS";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return AnnotationSupport.findAnnotation(context.getElement(), RequiresTools.class)
        .map(
            needed ->
                named(
                    context, evaluate(List.of(needed.value()), RequiredTools::present, isStrict())))
        .orElseGet(() -> ConditionEvaluationResult.enabled("needs no tool"));
  }

  /** Says on the console which check was not made: a build's report only counts them. */
  private static ConditionEvaluationResult named(
      ExtensionContext context, ConditionEvaluationResult result) {
    if (result.isDisabled()) {
      String test = context.getTestClass().map(Class::getSimpleName).orElse("?");
      String method = context.getTestMethod().map(each -> "." + each.getName()).orElse("");
      System.out.println("not checked: " + test + method + ": " + result.getReason().orElse(""));
    }
    return result;
  }

  static ConditionEvaluationResult evaluate(
      List<String> needed, Predicate<String> present, boolean strict) {
    List<String> missing = needed.stream().filter(present.negate()).toList();
    if (missing.isEmpty()) {
      return ConditionEvaluationResult.enabled("has " + needed);
    }
    String message = "not installed or not running: " + String.join(", ", missing);
    if (strict) {
      throw new IllegalStateException(message + " (" + STRICT + " is set)");
    }
    return ConditionEvaluationResult.disabled(message);
  }

  static boolean isStrict() {
    return strict(System.getenv(STRICT));
  }

  static boolean strict(String value) {
    return value != null && !value.isEmpty() && !value.equals("0");
  }

  private static boolean present(String tool) {
    String path = System.getenv().getOrDefault("PATH", "");
    boolean onPath =
        Arrays.stream(path.split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    return onPath && (!tool.equals("docker") || dockerAnswers());
  }

  private static boolean dockerAnswers() {
    try {
      Process info =
          new ProcessBuilder("docker", "info")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!info.waitFor(20, TimeUnit.SECONDS)) {
        info.destroyForcibly();
        return false;
      }
      return info.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
