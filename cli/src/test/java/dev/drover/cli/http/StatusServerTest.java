package dev.drover.cli.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StatusServerTest {
  private final HttpClient client = HttpClient.newHttpClient();

  @Test
  void aVolumeThatIsNotHereIsNotFoundAndThoseThatAreAreNamed() throws Exception {
    try (StatusServer one = StatusServer.ofOne(anyPort(), () -> volume("db"));
        StatusServer many =
            StatusServer.ofMany(anyPort(), () -> List.of(volume("db"), volume("web-1")));
        StatusServer none = StatusServer.ofMany(anyPort(), List::of)) {
      for (String path : List.of("livez", "readyz", "status")) {
        assertNotFound("no volume 'nosuch' here; there is: db\n", one, path + "?volume=nosuch");
        assertNotFound("no volume '' here; there is: db\n", one, path + "?volume=");
        assertNotFound("no volume '' here; there is: db\n", one, path + "?volume");
        assertNotFound("no volume 'nosuch' here; there is: db\n", one, path + "?a=b&volume=nosuch");
        assertNotFound(
            "no volume 'nosuch' here; there are: db, web-1\n", many, path + "?volume=nosuch");
        assertNotFound("no volume 'db' here; there are none yet\n", none, path + "?volume=db");
      }
    }
  }

  @Test
  void aVolumeThatIsHereAnswersWhateverElseIsAsked() throws Exception {
    try (StatusServer many =
        StatusServer.ofMany(anyPort(), () -> List.of(volume("db"), volume("web-1")))) {
      for (String query : List.of("", "?volume=db", "?a=b&volume=db", "?a=b")) {
        assertEquals(200, get(many, "livez" + query).statusCode(), query);
        assertEquals(200, get(many, "status" + query).statusCode(), query);
      }
      assertEquals("db: STARTING\n", get(many, "readyz?volume=db").body());
      assertEquals("db: STARTING\n", get(many, "readyz?a=b&volume=db").body());
      assertEquals("db: STARTING\nweb-1: STARTING\n", get(many, "readyz?a=b").body());
    }
  }

  private void assertNotFound(String body, StatusServer server, String asked) throws Exception {
    HttpResponse<String> answer = get(server, asked);
    assertEquals(404, answer.statusCode(), asked);
    assertEquals(body, answer.body(), asked);
  }

  private HttpResponse<String> get(StatusServer server, String asked)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(server.uri().resolve(asked)).build(), BodyHandlers.ofString());
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  private static FollowedVolume volume(String name) {
    return new FollowedVolume(
        name, Path.of(name + ".qcow2"), Optional.empty(), Optional.empty(), Optional.empty());
  }
}
