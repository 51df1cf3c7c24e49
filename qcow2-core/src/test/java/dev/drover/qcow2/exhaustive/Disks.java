package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.sim.CrashStates;
import dev.drover.qcow2.sim.CrashingBlockFile;
import dev.drover.qcow2.sim.LongSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files of an image in use: one power cut takes what is unsynced of both. */
record Disks(CrashingBlockFile image, Optional<CrashingBlockFile> data) {

  /** Told of each content that a cut can leave. */
  @FunctionalInterface
  interface Visitor {
    void state(Stored left, long hash) throws IOException;
  }

  static Disks of(Stored start) {
    return new Disks(CrashingBlockFile.of(start.image()), start.data().map(CrashingBlockFile::of));
  }

  Stored crash(CrashingBlockFile.Survival survival) {
    return new Stored(image.crash(survival), data.map(each -> each.crash(survival)));
  }

  /** See {@link CrashStates#visit(List, LongSet, long, CrashStates.FilesVisitor)}. */
  void visit(LongSet seen, long seed, Visitor visitor) throws IOException {
    List<CrashingBlockFile> files = new ArrayList<>(List.of(image));
    data.ifPresent(files::add);
    CrashStates.visit(files, seen, seed, (left, hash) -> visitor.state(Stored.of(left), hash));
  }
}
