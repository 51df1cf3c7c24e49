package dev.drover.qcow2.exhaustive;

import java.util.ArrayList;
import java.util.List;

/**
 * All words of up to {@code length} letters over {@code letters}, in one scene, cut or failed.
 *
 * @param letters of the alphabet
 */
record Part(Kind kind, String scene, String letters, int length) {

  /** What is done to each word. */
  enum Kind {
    CUT,
    FAULT,
    /** A word is a number then: the seed of a long sequence. */
    RANDOM
  }

  /** Words that begin alike, done at one go: the unit of work, and of progress. */
  record Chunk(Part part, String prefix) {

    /** The letters to go on with; none where longer words have chunks of their own. */
    private int more() {
      return prefix.length() < 2 ? 0 : part.length - prefix.length();
    }

    @Override
    public String toString() {
      return part.kind + " " + part.scene + " " + part.letters + " " + part.length + " " + prefix;
    }
  }

  /** From {@code KIND:SCENE:LENGTH}, with {@code :LETTERS} for some of the scene's letters. */
  static Part parse(String text) {
    String[] fields = text.split(":");
    Kind kind = Kind.valueOf(fields[0]);
    int length = Integer.parseInt(fields[2]);
    return kind == Kind.RANDOM
        ? random(fields[1], length)
        : new Part(
            kind, fields[1], fields.length > 3 ? fields[3] : Scenes.letters(fields[1]), length);
  }

  /** {@code count} long sequences, from seed 0 on. */
  static Part random(String scene, int count) {
    return new Part(Kind.RANDOM, scene, "-", count);
  }

  /** Everything that is to be done for this part. */
  List<Chunk> chunks() {
    List<Chunk> chunks = new ArrayList<>();
    if (kind == Kind.RANDOM) {
      for (int seed = 0; seed < length; seed++) {
        chunks.add(new Chunk(this, Integer.toString(seed)));
      }
      return chunks;
    }
    for (char first : letters.toCharArray()) {
      chunks.add(new Chunk(this, "" + first));
      for (char second : letters.toCharArray()) {
        if (length > 1) {
          chunks.add(new Chunk(this, "" + first + second));
        }
      }
    }
    return chunks;
  }

  /** The words of a chunk that mean something in a scene. */
  static List<String> words(Chunk chunk, Scene scene) {
    List<String> words = new ArrayList<>();
    extend(chunk.prefix, chunk.more(), chunk.part.letters, scene, words);
    return words;
  }

  private static void extend(
      String word, int more, String letters, Scene scene, List<String> words) {
    if (!scene.isMeaningful(word)) {
      return;
    }
    words.add(word);
    if (more > 0) {
      for (char next : letters.toCharArray()) {
        extend(word + next, more - 1, letters, scene, words);
      }
    }
  }
}
