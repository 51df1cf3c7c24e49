package dev.drover.qcow2.tools;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The programs that a test class or method runs. Without one of them it is skipped, and the report
 * names it; with DROVER_REQUIRE_TOOLS=1 in the environment, as in CI, it fails instead, so that a
 * green build there has asked every judge.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiredTools.class)
public @interface RequiresTools {

  /** Names looked up on PATH; "docker" stands for an engine that answers, not for the client. */
  String[] value();
}
