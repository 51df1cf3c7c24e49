package dev.drover.qcow2.replica;

import java.io.IOException;

/**
 * A list of changes on its way into the image, one step of DESIGN section 5 per method. The methods
 * are called once each, in the order of this interface, by the image's one writing thread; then
 * {@link ReplicaImage#commit} makes them durable.
 *
 * <p><b>After a throw</b> from any step the batch is over: none of its other methods may be called.
 * Everything it had set aside and not linked is in {@link ReplicaImage#unlinked()}. Legal then, in
 * this order: {@code unlinked()} (publish it), {@link ReplicaImage#giveBack}, and a retry with a
 * new batch of the same changes, in smaller pieces or whole; or {@link ReplicaImage#close()}.
 * Changes that were linked before the throw stay: the retry overwrites them in place.
 */
public interface Batch {

  /**
   * Step 1. Finds a cluster for everything that needs one. Usually no I/O but reads of tables that
   * are not cached; when the window is used up it takes a new one: writes the slot, the refcounts
   * and two or more fdatasyncs. Lowers the clean flag durably before the image's first structural
   * change. Every allocation is on the list of {@link ReplicaImage#unlinked()} before anything that
   * can fail.
   */
  void allocate() throws IOException;

  /**
   * Step 2. Writes data into new clusters and in place, fills every byte of a new cluster that no
   * change of this batch covers (old cluster or zeroes), and writes new L2 tables whole.
   */
  void writeData() throws IOException;

  /**
   * Step 3. One fdatasync if the batch has any fill or new L2 table, else nothing. What is linked
   * without it is rewritten by replay from the durable applied position.
   */
  void barrier() throws IOException;

  /**
   * Step 4. Writes L2 entries, then L1 entries. An allocation leaves the list the moment its link
   * is submitted: from there on it is never freed by an unwind, whatever error follows. Readers are
   * held off while the mapping changes; afterwards they see all of the batch.
   */
  void link() throws IOException;
}
