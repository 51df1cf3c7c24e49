package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.format.TablePointer;
import java.io.IOException;

/**
 * Makes the disk one large hole, so that its backing disk shows everywhere. Snapshots keep what
 * they hold. One write of the header puts an L1 table without entries in the place of the one that
 * is there; before it nothing has changed, and after it there is nothing but clusters to free.
 */
final class Emptying {

  private final ImageCore core;

  Emptying(ImageCore core) {
    this.core = core;
  }

  void run() throws IOException {
    core.condition().fall();
    TablePointer active = core.header().l1();
    ClusterSequence replaced = core.tree().all(active, core.mapping().l1());
    NewTable home = NewTable.take(core, 8L * active.count());
    long[] nothing = new long[active.count()];
    home.write(Mapping.bytes(nothing, 0, nothing.length));
    core.sync();
    core.switchL1(home, nothing, core.virtualSize(), replaced, DiscardClass.REQUEST);
    core.releaseUnlinked();
  }
}
