package dev.drover.qcow2.core;

import dev.drover.qcow2.DiscardClass;
import dev.drover.qcow2.HostOffset;
import dev.drover.qcow2.format.BitmapDirectory;
import dev.drover.qcow2.format.BitmapDirectory.Bitmap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Puts the bitmaps as they are to be into the image. What of them is new, and the directory always
 * is, goes into new clusters; when that is durable the header's word changes; when that is, what it
 * has replaced is freed.
 *
 * <pre>
 *   one run of new clusters:  │ bits … │ table │ bits … │ table │ … │ directory │
 * </pre>
 *
 * <p>Bits that were noted in memory are stored by the same rewriting. The mark <i>in use</i> is in
 * the old directory, so it falls with the header's word, and not before the bits are durable
 * (I-25).
 */
final class BitmapRewrite {

  /** The memory's side of the switch; nothing in it may fail. */
  @FunctionalInterface
  interface Adoption {
    void adopt(Optional<BitmapDirectory> next);
  }

  private final ImageCore core;
  private final BitmapPointer pointer;
  private final List<BitmapDraft> drafts = new ArrayList<>();
  private final ClusterSequence gone = new ClusterSequence();

  BitmapRewrite(ImageCore core, BitmapPointer pointer) {
    this.core = core;
    this.pointer = pointer;
  }

  /** The next bitmap of the new directory. */
  void put(BitmapDraft draft) {
    drafts.add(draft);
  }

  /** A bitmap that the new directory lacks: what its table refers to, and the table. */
  void remove(Bitmap bitmap, long[] table) {
    for (long entry : table) {
      if (BitmapDirectory.offset(entry) != 0) {
        gone.add(BitmapDirectory.offset(entry) >>> core.geometry().clusterBits());
      }
    }
    core.tree().addTable(gone, bitmap.table().offset().bytes(), 8L * bitmap.table().count());
  }

  /** Durable on return. The caller recounts after a throw. */
  void run(Optional<BitmapDirectory> old, Adoption adoption) throws IOException {
    core.condition().fall();
    if (drafts.isEmpty()) {
      unlinkOld(old);
      adopt(adoption, Optional.empty());
      pointer.switchOff();
      core.sync();
      pointer.remove();
      core.releaseUnlinked();
      return;
    }
    pointer.prepare();
    int own = drafts.stream().mapToInt(BitmapDraft::clusters).sum();
    List<Bitmap> heads = drafts.stream().map(BitmapDraft::head).toList();
    long directoryBytes = BitmapDirectory.encodedBytes(heads);
    NewTable run =
        NewTable.take(core, ((long) own << core.geometry().clusterBits()) + directoryBytes);
    List<Bitmap> written = new ArrayList<>();
    int at = 0;
    for (BitmapDraft draft : drafts) {
      written.add(draft.write(run, at));
      at += draft.clusters();
    }
    ByteBuffer encoded = BitmapDirectory.encode(written);
    run.write(at, encoded);
    core.sync();
    BitmapDirectory next =
        new BitmapDirectory(new HostOffset(run.offset(at)), directoryBytes, written);
    unlinkOld(old);
    pointer.switchTo(
        next,
        () -> {
          run.linkSubmitted(); // no failure between it and the write that follows: I-04
          adopt(adoption, Optional.of(next));
        });
    core.releaseUnlinked();
  }

  private void unlinkOld(Optional<BitmapDirectory> old) {
    drafts.forEach(draft -> draft.unlinkOld(gone));
    old.ifPresent(each -> core.tree().addTable(gone, each.offset().bytes(), each.bytes()));
  }

  private void adopt(Adoption adoption, Optional<BitmapDirectory> next) {
    core.writeLock().lock();
    try {
      core.frees().unlinked(gone, DiscardClass.OTHER);
      adoption.adopt(next);
    } finally {
      core.writeLock().unlock();
    }
  }
}
