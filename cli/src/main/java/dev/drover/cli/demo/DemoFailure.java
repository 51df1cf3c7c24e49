package dev.drover.cli.demo;

/** Something that the demo claims did not hold. */
final class DemoFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DemoFailure(String what) {
    super(what);
  }
}
