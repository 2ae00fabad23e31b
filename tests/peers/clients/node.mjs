// Says of one server per line of input whether its certificate is good for a host, trusting one root only.
//
// In: the root's file, the host, the port, separated by tabs. Out: accepted, refused or trouble, a tab, Node's own words.
import { readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import tls from "node:tls";

const PATIENCE_MS = 10_000;

// The codes of OpenSSL's verification and of Node's check of the name; all others are about the connection.
const blamesCertificate = (error) =>
  error.code === "ERR_TLS_CERT_ALTNAME_INVALID" || (!error.syscall && !/^(ERR_SSL|ECONN|EPIPE|EPROTO)/.test(error.code ?? "E"));

const visit = (root, host, port) =>
  new Promise((resolve) => {
    // `host` is what Node verifies when it is handed a socket that is connected already; SNI is `servername` alone.
    const secure = tls.connect({
      socket: net.connect(port, "127.0.0.1").setTimeout(PATIENCE_MS, () => secure.destroy(new Error("timeout"))),
      host,
      servername: net.isIP(host) ? "" : host,
      ca: readFileSync(root),
    });
    let answer = "";
    secure.once("secureConnect", () => secure.write("GET / HTTP/1.0\r\n\r\n"));
    secure.on("data", (data) => (answer += data));
    secure.once("end", () => resolve([answer.startsWith("HTTP/") ? "accepted" : "trouble", answer.split("\r\n")[0]]));
    secure.once("error", (error) =>
      resolve([blamesCertificate(error) ? "refused" : "trouble", `${error.code}: ${error.message}`]));
  });

for await (const line of createInterface({ input: process.stdin })) {
  const [root, host, port] = line.split("\t");
  const [verdict, says] = await visit(root, host, Number(port));
  console.log(`${verdict}\t${says.replaceAll(/\s+/g, " ")}`);
}
