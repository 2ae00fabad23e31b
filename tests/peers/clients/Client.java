import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Says of one server per line of input whether its certificate is good for a host, trusting one root only.
 *
 * <p>In: the root's file, the host, the port, separated by tabs. Out: accepted, refused or trouble, a tab, Java's own
 * words.
 */
public final class Client {
    private static final int PATIENCE_MS = 10_000;

    public static void main(String[] args) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] asked = line.split("\t");
            System.out.println(visit(asked[0], asked[1], Integer.parseInt(asked[2])).replaceAll("[\r\n]+", " "));
        }
    }

    private static String visit(String root, String host, int port) {
        try {
            // A context for each visit, so that no session is resumed and each certificate is looked at.
            var context = SSLContext.getInstance("TLS");
            context.init(null, trusting(root).getTrustManagers(), null);
            var plain = new Socket();
            plain.connect(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port), PATIENCE_MS);
            plain.setSoTimeout(PATIENCE_MS);
            // The name given here is for SNI and verification; the bytes take the socket that is there already.
            try (var secure = (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true)) {
                SSLParameters parameters = secure.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                secure.setSSLParameters(parameters);
                secure.startHandshake();
                secure.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
                String status = new BufferedReader(new InputStreamReader(secure.getInputStream())).readLine();
                return (status != null && status.startsWith("HTTP/") ? "accepted\t" : "trouble\t") + status;
            }
        } catch (SSLException e) {
            return (blamesCertificate(e) ? "refused\t" : "trouble\t") + e.getMessage();
        } catch (Exception e) {
            return "trouble\t" + e;
        }
    }

    private static boolean blamesCertificate(Throwable e) {
        for (; e != null; e = e.getCause()) {
            if (e instanceof CertificateException) {
                return true;
            }
        }
        return false;
    }

    private static TrustManagerFactory trusting(String root) throws Exception {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = new FileInputStream(root)) {
            store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(store);
        return factory;
    }
}
