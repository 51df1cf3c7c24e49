package dev.drover.system.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** An authority that lives for two days, and what it has signed, as PEM files in one folder. */
public final class Certificates {
  private static final String AUTHORITY = "authority";
  private static final String PASSWORD = "only-for-keytool";

  private final Path folder;
  private final Path store;

  /**
   * One who can prove who it is.
   *
   * @param key its key, PKCS 8
   * @param chain its certificate and its authority's
   * @param both the two in one file
   */
  public record Identity(Path key, Path chain, Path both) {}

  /** A new authority; what it makes lies in {@code folder}. */
  public Certificates(Path folder) throws IOException, InterruptedException {
    this.folder = folder;
    this.store = folder.resolve("keys.p12");
    keytool(List.of("-alias", AUTHORITY, "-dname", "CN=" + AUTHORITY, "-ext", "bc:c"));
  }

  /** The authority's own certificate: what everybody trusts. */
  public Path authority() throws IOException, GeneralSecurityException {
    Path file = folder.resolve("ca.pem");
    return Files.writeString(file, pem(keys().getCertificate(AUTHORITY)));
  }

  /** One that the authority vouches for, by this common name. */
  public Identity issue(String name)
      throws IOException, InterruptedException, GeneralSecurityException {
    return make(name, List.of("-signer", AUTHORITY));
  }

  /** One that nobody vouches for. */
  public Identity stranger(String name)
      throws IOException, InterruptedException, GeneralSecurityException {
    return make(name, List.of());
  }

  private Identity make(String name, List<String> signedBy)
      throws IOException, InterruptedException, GeneralSecurityException {
    List<String> options = new ArrayList<>(List.of("-alias", name, "-dname", "CN=" + name));
    options.addAll(List.of("-ext", "SAN=dns:localhost,ip:127.0.0.1"));
    options.addAll(signedBy);
    keytool(options);
    KeyStore keys = keys();
    Key key = keys.getKey(name, PASSWORD.toCharArray());
    String keyPem = pem("PRIVATE KEY", key.getEncoded());
    StringBuilder chain = new StringBuilder();
    for (Certificate each : keys.getCertificateChain(name)) {
      chain.append(pem(each));
    }
    return new Identity(
        Files.writeString(folder.resolve(name + "-key.pem"), keyPem),
        Files.writeString(folder.resolve(name + "-chain.pem"), chain),
        Files.writeString(folder.resolve(name + ".pem"), keyPem + chain));
  }

  private KeyStore keys() throws IOException, GeneralSecurityException {
    return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
  }

  private void keytool(List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"));
    command.addAll(List.of("-validity", "2", "-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", store.toString()));
    command.addAll(options);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException("keytool: " + said);
    }
  }

  private static String pem(Certificate certificate) throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate.getEncoded());
  }

  private static String pem(String what, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, body, what);
  }
}
