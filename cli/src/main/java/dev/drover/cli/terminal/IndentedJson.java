package dev.drover.cli.terminal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Iterator;
import java.util.Map;

/**
 * JSON laid out as QEMU lays it out (four spaces, {@code "key": value}, empty lists as an open and
 * a closing line), so that text tools written for qemu-img read ours too.
 */
final class IndentedJson {
  private static final ObjectMapper SCALARS = new ObjectMapper();
  private final StringBuilder text = new StringBuilder();

  static String render(Object tree) {
    IndentedJson json = new IndentedJson();
    json.value(tree, 0);
    return json.text.toString();
  }

  private void value(Object value, int depth) {
    switch (value) {
      case Map<?, ?> map -> {
        text.append('{');
        Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
        while (entries.hasNext()) {
          Map.Entry<?, ?> entry = entries.next();
          line(depth + 1);
          scalar(entry.getKey());
          text.append(": ");
          value(entry.getValue(), depth + 1);
          text.append(entries.hasNext() ? "," : "");
        }
        line(depth);
        text.append('}');
      }
      case Iterable<?> list -> {
        text.append('[');
        Iterator<?> elements = list.iterator();
        while (elements.hasNext()) {
          line(depth + 1);
          value(elements.next(), depth + 1);
          text.append(elements.hasNext() ? "," : "");
        }
        line(depth);
        text.append(']');
      }
      case null, default -> scalar(value);
    }
  }

  private void line(int depth) {
    text.append('\n').repeat("    ", depth);
  }

  private void scalar(Object value) {
    try {
      text.append(SCALARS.writeValueAsString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("not representable as JSON: " + value, e);
    }
  }
}
