package dev.drover.journal;

import java.util.Optional;

/** Port: where histories are kept between two questions. Nothing is lost if one is forgotten. */
public interface HistoryShelf {
  /** What was last kept of the volume's history: see {@link HistoryReader}. */
  Optional<JournalHistory> history(String volume) throws JournalException;

  /** Keeps a volume's history, over what was there; one that is too large is not kept. */
  void put(String volume, JournalHistory history) throws JournalException;
}
