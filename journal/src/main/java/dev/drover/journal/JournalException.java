package dev.drover.journal;

import java.io.IOException;

/**
 * Something is wrong with a journal, or it can't be reached. One line says what, where and why; the
 * hint says what an operator can do.
 */
public final class JournalException extends IOException {
  private static final long serialVersionUID = 1;

  /** What a caller has to make of a failure. */
  public enum Kind {
    /** May succeed when tried again: the broker is away, a request timed out. */
    RETRIABLE,
    /** Failed and nothing is at risk: a volume or a point that does not exist. */
    FAILED,
    /** The request itself is wrong: a name, a flag, a configuration. */
    USAGE,
    /** Going on would risk data: an operator must look. */
    REFUSED
  }

  /** Stable codes: scripts and tests rely on their names. */
  public enum Code {
    /** The broker can't be reached, or did not answer in time. */
    UNREACHABLE(Kind.RETRIABLE, "check the bootstrap servers and that the broker is up"),
    /** The broker answered that it can't serve the request now. */
    NOT_AVAILABLE(Kind.RETRIABLE, "it is tried again; see the broker's log if it stays so"),
    /** A record's bytes are not what was written. */
    DAMAGED_RECORD(
        Kind.REFUSED,
        "look at it with 'drover journal dump'; restore the topic or replay elsewhere"),
    /** A record that a newer Drover wrote. */
    UNSUPPORTED_RECORD(Kind.REFUSED, "upgrade this host's Drover"),
    /** A record of another volume. */
    FOREIGN_RECORD(Kind.REFUSED, "something else writes to this topic: find and stop it"),
    /** A record that no correct writer can have written at this place. */
    INCONSISTENT(Kind.REFUSED, "look at it with 'drover journal dump'"),
    /** Offsets of the topic are not contiguous. */
    OFFSET_HOLE(Kind.REFUSED, "was the topic compacted, or written in a transaction?"),
    /** Acknowledged records are missing. */
    LOST(Kind.REFUSED, "acknowledged writes are gone; a replica that has them is the best copy"),
    /** The journal ends below, or differs below, a position that an image has. */
    TRUNCATED(Kind.REFUSED, "an unclean leader election? keep the image; it has what was lost"),
    /** The journal's beginning is above the position. */
    TRIMMED(Kind.REFUSED, "rebuild the replica from another one"),
    /** Same name, but another cluster or another topic. */
    RECREATED(Kind.REFUSED, "the journal was deleted and made again: this image can't follow it"),
    /** Another writer has taken over. */
    FENCED(Kind.REFUSED, "another gateway serves this volume now"),
    /** Another writer is alive. */
    WRITER_ALIVE(Kind.REFUSED, "stop the other gateway, or use --take-over"),
    /** The topic's settings or partitions are not what a journal needs. */
    BAD_TOPIC(
        Kind.REFUSED,
        "a journal has one partition and is never compacted: restore that, or use another prefix"),
    /** The topic's settings promise less than the volume asks for, and that is not to be. */
    WEAK_TOPIC(Kind.REFUSED, "alter the topic's settings, or accept them with durability=warn"),
    /** An append failed for good. */
    APPEND_FAILED(Kind.FAILED, "nothing more is acknowledged; start the gateway again"),
    /** The sink or source was closed. */
    CLOSED(Kind.FAILED, "it was closed"),
    /** There is no such volume. */
    VOLUME_MISSING(Kind.FAILED, "see 'drover volume list'"),
    /** There is a volume of this name. */
    VOLUME_EXISTS(Kind.FAILED, "choose another name, or delete it first"),
    /** The volume's import is not complete. */
    VOLUME_NOT_READY(Kind.FAILED, "let 'drover volume create --from' finish"),
    /** The journal's topic does not exist. */
    TOPIC_MISSING(Kind.FAILED, "see 'drover volume list'"),
    /** There is no such snapshot, mark or offset. */
    POINT_MISSING(Kind.FAILED, "see 'drover snapshot list' and 'drover journal dump'"),
    /** The point lies below where the image already is. */
    POINT_PASSED(
        Kind.REFUSED,
        "use 'drover replay' for a fresh image at that point; --base with this one is quicker"),
    /** The broker refused the request for lack of rights. */
    NOT_AUTHORIZED(Kind.FAILED, "see docs/security.md for the ACLs that this verb needs"),
    /** A name, a point or a setting that can't be right. */
    USAGE(Kind.USAGE, "see --help");

    private final Kind kind;
    private final String hint;

    Code(Kind kind, String hint) {
      this.kind = kind;
      this.hint = hint;
    }

    /** What a caller has to make of it. */
    public Kind kind() {
      return kind;
    }

    /** What an operator can do, when nothing more specific is known. */
    public String hint() {
      return hint;
    }
  }

  /** "No offset is known." */
  public static final long NO_OFFSET = -1;

  private final Code code;
  private final String what;
  private final String journal;
  private final long offset;
  private final String hint;

  /** Without a place; see {@link #at}. */
  public JournalException(Code code, String what) {
    this(code, what, "", NO_OFFSET, code.hint(), null);
  }

  /** Without a place, and with the failure behind it. */
  public JournalException(Code code, String what, Throwable cause) {
    this(code, what, "", NO_OFFSET, code.hint(), cause);
  }

  private JournalException(
      Code code, String what, String journal, long offset, String hint, Throwable cause) {
    super(line(what, journal, offset), cause);
    this.code = code;
    this.what = what;
    this.journal = journal;
    this.offset = offset;
    this.hint = hint;
  }

  private static String line(String what, String journal, long offset) {
    String where = journal.isEmpty() ? "" : "journal " + journal;
    if (offset != NO_OFFSET) {
      where += (where.isEmpty() ? "" : ", ") + "offset " + offset;
    }
    return where.isEmpty() ? what : where + ": " + what;
  }

  /** The same failure, with its place: the topic (or "" if unknown) and the offset. */
  public JournalException at(String inJournal, long atOffset) {
    return placed(inJournal, atOffset, hint);
  }

  /** The same failure, with a hint that fits better than its code's. */
  public JournalException withHint(String better) {
    return placed(journal, offset, better);
  }

  private JournalException placed(String inJournal, long atOffset, String withHint) {
    var e = new JournalException(code, what, inJournal, atOffset, withHint, getCause());
    e.setStackTrace(getStackTrace());
    return e;
  }

  /** The stable code. */
  public Code code() {
    return code;
  }

  /** Whether trying again may succeed. */
  public boolean retriable() {
    return code.kind() == Kind.RETRIABLE;
  }

  /** Which journal, or "" if unknown. */
  public String journal() {
    return journal;
  }

  /** Which offset, or {@link #NO_OFFSET}. */
  public long offset() {
    return offset;
  }

  /** What an operator can do. */
  public String hint() {
    return hint;
  }
}
