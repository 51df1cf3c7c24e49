package dev.drover.nbd.overlay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.drover.nbd.overlay.Overlay.Entry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OverlayTest {
  private static final byte IMAGE = 'i';

  private final Overlay overlay = new Overlay(1 << 20);

  private Entry add(long offset, String data) {
    return overlay.tryAdd(offset, data.length(), ByteBuffer.wrap(data.getBytes())).orElseThrow();
  }

  private String seen(long offset, int length) {
    byte[] image = new byte[length];
    Arrays.fill(image, IMAGE);
    overlay.view(offset, length).mergeOver(ByteBuffer.wrap(image));
    return new String(image).replace('\0', '0');
  }

  @Test
  void whatIsAddedIsSeenOnlyOnceShown() {
    Entry entry = add(2, "abc");
    assertEquals("iiiiiii", seen(0, 7));
    overlay.show(entry);
    assertEquals("iiabcii", seen(0, 7));
    assertThrows(IllegalStateException.class, () -> overlay.show(entry));
  }

  @Test
  void theNewerEntryIsOnTopInWhateverOrderTheyAreShown() {
    Entry older = add(0, "aaaaaa");
    Entry newer = add(2, "bb");
    overlay.show(newer);
    overlay.show(older);
    assertEquals("aabbaa", seen(0, 6));
  }

  @Test
  void zeroesHideWhatIsBeneath() {
    overlay.show(add(0, "aaaaaa"));
    overlay.show(overlay.tryAdd(1, 3, null).orElseThrow());
    assertEquals("a000aai", seen(0, 7));
  }

  @Test
  void aViewIsOfOneMoment() {
    Entry entry = add(0, "abc");
    overlay.show(entry);
    View before = overlay.view(0, 3);
    overlay.located(entry, 10);
    overlay.visible(11);
    assertEquals(0, overlay.entryCount());
    byte[] image = {1, 1, 1};
    before.mergeOver(ByteBuffer.wrap(image));
    assertArrayEquals("abc".getBytes(), image);
  }

  @Test
  void aViewKnowsWhetherItCoversAll() {
    overlay.show(add(0, "ab"));
    overlay.show(add(3, "c"));
    assertTrue(overlay.view(0, 2).coversAll());
    assertFalse(overlay.view(0, 4).coversAll());
    overlay.show(add(2, "d"));
    assertTrue(overlay.view(0, 4).coversAll());
  }

  @Test
  void anEntryGoesWhenTheImageHasPassedItsOffset() {
    Entry entry = add(0, "abc");
    overlay.show(entry);
    assertFalse(overlay.located(entry, 10));
    assertFalse(overlay.visible(10));
    assertEquals("abc", seen(0, 3));
    assertTrue(overlay.visible(11));
    assertEquals("iii", seen(0, 3));
    assertEquals(0, overlay.usedBytes());
  }

  @Test
  void anEntryThatTheImageShowedFirstGoesWhenItIsLocated() {
    Entry entry = add(0, "abc");
    overlay.visible(20);
    overlay.show(entry);
    assertTrue(overlay.located(entry, 10));
    assertEquals("iii", seen(0, 3));
  }

  @Test
  void noEntryGoesBeforeAnOlderOne() {
    Entry older = add(0, "a");
    Entry newer = add(0, "b");
    overlay.show(newer);
    overlay.located(newer, 11);
    overlay.visible(12);
    // The older one would come to light otherwise, once shown, and hide the newer write.
    assertEquals("b", seen(0, 1));
    overlay.show(older);
    assertEquals("b", seen(0, 1));
    overlay.located(older, 10);
    assertEquals(0, overlay.entryCount());
  }

  @Test
  void aDroppedEntryHoldsNothingUp() {
    Entry failed = add(0, "a");
    Entry next = add(1, "b");
    overlay.show(next);
    overlay.located(next, 11);
    overlay.visible(12);
    assertEquals(2, overlay.entryCount());
    overlay.drop(failed);
    assertEquals(0, overlay.entryCount());
  }

  @Test
  void theLimitCountsEntriesThatAreNotShownYet() {
    Overlay small = new Overlay(2 * (Overlay.ENTRY_OVERHEAD_BYTES + 8));
    ByteBuffer data = ByteBuffer.allocate(8);
    Entry first = small.tryAdd(0, 8, data).orElseThrow();
    small.tryAdd(0, 8, data).orElseThrow();
    assertTrue(small.tryAdd(0, 1, null).isEmpty());
    small.drop(first);
    assertTrue(small.tryAdd(0, 1, null).isPresent());
  }

  @Test
  void oneEntryAlwaysHasRoom() {
    Overlay small = new Overlay(1);
    Entry first = small.tryAdd(0, 100, ByteBuffer.allocate(100)).orElseThrow();
    assertTrue(small.tryAdd(0, 1, null).isEmpty());
    small.drop(first);
    assertTrue(small.tryAdd(0, 1, null).isPresent());
  }

  @Test
  void aHugeZeroCostsNoMoreThanASmallOne() {
    overlay.show(overlay.tryAdd(0, 1L << 40, null).orElseThrow());
    assertEquals(Overlay.ENTRY_OVERHEAD_BYTES, overlay.usedBytes());
    assertEquals("000", seen((1L << 40) - 3, 3));
    assertEquals("i", seen(1L << 40, 1));
  }

  /** The overlay as a list of entries, read one byte at a time. */
  private static final class Model {
    private static final class Change {
      private long start;
      private byte[] data;
      private Entry entry;
      private boolean shown;
      private long journalOffset = Long.MAX_VALUE;
    }

    private final List<Change> changes = new ArrayList<>();
    private long visible;

    private byte at(long offset) {
      for (int i = changes.size() - 1; i >= 0; i--) {
        Change change = changes.get(i);
        if (change.shown && offset >= change.start && offset < change.start + change.data.length) {
          return change.data[(int) (offset - change.start)];
        }
      }
      return IMAGE;
    }

    private void removeGone() {
      while (!changes.isEmpty()
          && changes.getFirst().shown
          && changes.getFirst().journalOffset < visible) {
        changes.removeFirst();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void agreesWithAListOfEntries(long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    int volume = 200;
    Model model = new Model();
    long journalOffset = 0;
    for (int step = 0; step < 4000; step++) {
      switch (random.nextInt(5)) {
        case 0, 1 -> model.changes.add(change(random, volume));
        case 2 ->
            pick(random, model.changes.stream().filter(c -> !c.shown).toList())
                .ifPresent(
                    change -> {
                      overlay.show(change.entry);
                      change.shown = true;
                    });
        case 3 -> {
          long offset = journalOffset;
          var next =
              model.changes.stream()
                  .filter(c -> c.journalOffset == Long.MAX_VALUE)
                  .findFirst()
                  .filter(c -> c.shown);
          next.ifPresent(
              change -> {
                overlay.located(change.entry, offset);
                change.journalOffset = offset;
              });
          journalOffset += next.isPresent() ? 1 : 0;
        }
        default -> {
          model.visible = Math.max(model.visible, journalOffset - random.nextInt(4));
          overlay.visible(model.visible);
        }
      }
      model.removeGone();
      assertEquals(model.changes.size(), overlay.entryCount());
      int from = random.nextInt(volume);
      int length = 1 + random.nextInt(volume - from);
      byte[] expected = new byte[length];
      for (int i = 0; i < length; i++) {
        expected[i] = model.at(from + i);
      }
      byte[] image = new byte[length];
      Arrays.fill(image, IMAGE);
      overlay.view(from, length).mergeOver(ByteBuffer.wrap(image));
      assertArrayEquals(expected, image, "step " + step);
    }
  }

  private Model.Change change(RandomGenerator random, int volume) {
    Model.Change change = new Model.Change();
    change.start = random.nextInt(volume);
    change.data = new byte[1 + random.nextInt(volume - (int) change.start)];
    boolean zero = random.nextInt(4) == 0;
    if (!zero) {
      random.nextBytes(change.data);
    }
    change.entry =
        overlay
            .tryAdd(change.start, change.data.length, zero ? null : ByteBuffer.wrap(change.data))
            .orElseThrow();
    return change;
  }

  private static <T> Optional<T> pick(RandomGenerator random, List<T> list) {
    return list.isEmpty() ? Optional.empty() : Optional.of(list.get(random.nextInt(list.size())));
  }
}
