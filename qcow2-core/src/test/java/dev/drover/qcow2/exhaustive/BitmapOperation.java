package dev.drover.qcow2.exhaustive;

import dev.drover.qcow2.DirtyBitmaps;
import dev.drover.qcow2.Qcow2Image;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What is done to dirty bitmaps: to the oldest, where there is a choice. */
sealed interface BitmapOperation extends Operation {

  /** The bitmaps as it leaves them; each has one or more. */
  List<Marks> next(List<Marks> before);

  @Override
  default DiskModel after(DiskModel before) {
    return before.withBitmaps(next(before.bitmaps()));
  }

  @Override
  default boolean applies(DiskModel before) {
    return !before.bitmaps().isEmpty();
  }

  @Override
  default Effect effect() {
    return Effect.STRUCTURE;
  }

  private static boolean has(Qcow2Image image, String name) throws IOException {
    return image.bitmaps().list().stream().anyMatch(each -> each.name().equals(name));
  }

  private static List<Marks> replaced(List<Marks> before, int index, Marks with) {
    List<Marks> next = new ArrayList<>(before);
    next.set(index, with);
    return next;
  }

  /** An enabled one. */
  record Add(int number) implements BitmapOperation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      if (has(image, "b" + number)) {
        image.flush(); // a first try that failed has done it, but not durably
      } else {
        image.bitmaps().add("b" + number, Marks.GRANULARITY, true);
      }
    }

    @Override
    public List<Marks> next(List<Marks> before) {
      List<Marks> next = new ArrayList<>(before);
      next.add(Marks.none("b" + number));
      return next;
    }

    @Override
    public boolean applies(DiskModel before) {
      return before.bitmaps().size() < 4;
    }
  }

  record Remove() implements BitmapOperation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      String name = before.bitmaps().getFirst().name();
      if (has(image, name)) {
        image.bitmaps().remove(name);
      } else {
        image.flush();
      }
    }

    @Override
    public List<Marks> next(List<Marks> before) {
      return before.subList(1, before.size());
    }
  }

  record Clear() implements BitmapOperation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      image.bitmaps().clear(before.bitmaps().getFirst().name());
    }

    @Override
    public List<Marks> next(List<Marks> before) {
      return replaced(before, 0, before.getFirst().cleared());
    }
  }

  /** Enables or disables. */
  record Toggle() implements BitmapOperation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      Marks marks = before.bitmaps().getFirst();
      DirtyBitmaps bitmaps = image.bitmaps();
      if (marks.enabled()) {
        bitmaps.disable(marks.name());
      } else {
        bitmaps.enable(marks.name());
      }
      image.flush(); // a first try that failed may have done it, but not durably
    }

    @Override
    public List<Marks> next(List<Marks> before) {
      return replaced(before, 0, before.getFirst().toggled());
    }
  }

  /** Of the oldest into the newest. */
  record Merge() implements BitmapOperation {
    @Override
    public void run(Qcow2Image image, DiskModel before) throws IOException {
      DirtyBitmaps bitmaps = image.bitmaps();
      bitmaps.merge(before.bitmaps().getLast().name(), bitmaps, before.bitmaps().getFirst().name());
    }

    @Override
    public List<Marks> next(List<Marks> before) {
      return replaced(before, before.size() - 1, before.getLast().merged(before.getFirst()));
    }

    @Override
    public boolean applies(DiskModel before) {
      return before.bitmaps().size() > 1;
    }
  }
}
