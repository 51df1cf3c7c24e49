package dev.drover.qcow2.core;

import java.util.ArrayList;
import java.util.List;

/**
 * Which guest clusters the requests in flight occupy, and who is next.
 *
 * <p>A request arrives with the clusters that it changes. It is <em>blocked</em> while an admitted
 * request occupies one of them, or while one that arrived earlier waits for one: so requests on the
 * same clusters go in the order of their arrival, and nothing overtakes a request for the whole
 * image for ever. Planning may show that more is needed ({@link Request#occupy}): a request that
 * creates or copies an L2 table occupies every cluster under it.
 *
 * <p>Nobody can wait in a circle: who is admitted waits for no request, and of those that are not,
 * the one that arrived first waits for admitted ones only.
 *
 * <p>Belongs to whoever holds the metadata lock.
 */
final class InFlight {

  /** Guest clusters [from, to). */
  record Range(long from, long to) {

    static final Range WHOLE_IMAGE = new Range(0, Long.MAX_VALUE);

    boolean overlaps(Range other) {
      return from < other.to && other.from < to;
    }
  }

  /** One request, from its arrival until it leaves. */
  static final class Request {
    private final Range changed;
    private final List<Range> occupied = new ArrayList<>(2);
    private boolean admitted;

    private Request(Range changed) {
      this.changed = changed;
      this.occupied.add(changed);
    }

    /** What it occupies instead of what the last plan said. */
    void occupy(List<Range> more) {
      if (admitted) {
        throw new IllegalStateException("admitted already");
      }
      occupied.clear();
      occupied.add(changed);
      occupied.addAll(more);
    }

    private boolean overlaps(Request other) {
      return occupied.stream().anyMatch(mine -> other.occupied.stream().anyMatch(mine::overlaps));
    }
  }

  /** In the order of arrival. */
  private final List<Request> requests = new ArrayList<>();

  Request arrive(Range changed) {
    Request request = new Request(changed);
    requests.add(request);
    return request;
  }

  /** Whether the request has to wait, with what it occupies as of now. */
  boolean isBlocked(Request request) {
    boolean earlier = true;
    for (Request other : requests) {
      if (other == request) {
        earlier = false;
      } else if (other.admitted ? request.overlaps(other) : earlier && overlap(request, other)) {
        return true;
      }
    }
    return false;
  }

  /** What a waiting request once planned is of no account: it will plan from scratch. */
  private static boolean overlap(Request request, Request waiting) {
    return request.changed.overlaps(waiting.changed);
  }

  /** It goes on now, and occupies what it said until it leaves. */
  void admit(Request request) {
    if (isBlocked(request)) {
      throw new IllegalStateException("a blocked request cannot go on");
    }
    request.admitted = true;
  }

  /** Whether no request is between admission and leaving. */
  boolean isDrained() {
    return requests.stream().noneMatch(request -> request.admitted);
  }

  /** It has ended, well or not. */
  void leave(Request request) {
    if (!requests.remove(request)) {
      throw new IllegalStateException("it has left already");
    }
  }
}
