package dev.drover.qcow2;

import java.io.IOException;

/**
 * Why an image is refused or cannot go on: a stable code for programs, and for people one line that
 * says what, where and why, with a hint on what to do.
 */
public final class Qcow2Exception extends IOException {

  private static final long serialVersionUID = 1;

  /** Stable: scripts and the registry see these names. */
  public enum Code {
    /** The file does not begin like a qcow2 image. */
    NOT_QCOW2,
    /** A valid image that uses something this program does not handle. */
    UNSUPPORTED,
    /** The image contradicts itself or the format. */
    CORRUPT,
    /** The file ends before something that the header says is in it. */
    TRUNCATED,
    /** Another process, or another part of this one, holds the image. */
    IMAGE_IN_USE,
    /** The image has no position slots. */
    NOT_A_REPLICA,
    /** Somebody else has written to the replica. */
    MODIFIED,
    /** Neither position slot is readable. */
    POSITION_LOST,
    /** The host's file system is full. */
    NO_SPACE,
    /** A guest offset, size or cluster beyond what the image or the format can hold. */
    OUT_OF_RANGE,
    /** A write on an image that was opened for reading. */
    READ_ONLY,
    /** The image names a backing file that the caller did not allow, or that cannot be used. */
    BACKING_REFUSED,
    /** The image names a data file that the caller did not allow, or that cannot be used. */
    DATA_FILE_REFUSED,
    /** A create or open option that the format does not allow. */
    INVALID_OPTION,
    /** A snapshot of that name or id is not there, or is there already. */
    SNAPSHOT,
    /** A dirty bitmap is not there, is there already, is not to be trusted, or is in the way. */
    BITMAP
  }

  /** Of {@link #imageOffset()}: no place in the file is to blame. */
  public static final long NO_OFFSET = -1;

  private final Code code;
  private final String image;
  private final long imageOffset;
  private final String hint;

  /**
   * @param image name of the file
   * @param imageOffset byte in the file where the offending field or table is, or {@link
   *     #NO_OFFSET}
   * @param what what is wrong, as the end of a sentence that begins with the image's name
   * @param hint what an operator can do
   */
  public Qcow2Exception(Code code, String image, long imageOffset, String what, String hint) {
    super(message(image, imageOffset, what));
    this.code = code;
    this.image = image;
    this.imageOffset = imageOffset;
    this.hint = hint;
  }

  public Qcow2Exception(Code code, String image, String what, String hint) {
    this(code, image, NO_OFFSET, what, hint);
  }

  public Code code() {
    return code;
  }

  public String image() {
    return image;
  }

  /** Byte in the file where the fault is, or {@link #NO_OFFSET}. */
  public long imageOffset() {
    return imageOffset;
  }

  public String hint() {
    return hint;
  }

  private static String message(String image, long imageOffset, String what) {
    return image + ": " + what + (imageOffset == NO_OFFSET ? "" : " (at byte " + imageOffset + ")");
  }
}
