// Says of one server per line of input whether its certificate is good for a host, trusting one root only.
//
// In: the root's file, the host, the port, separated by tabs. Out: accepted, refused or trouble, a tab, rustls' own words.

const PATIENCE_MS = 10_000;

async function visit(root, host, port) {
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => plain.close(), PATIENCE_MS);
  try {
    // Deno's own roots stay trusted beside ours; none of them has signed anything that is served here.
    const secure = await Deno.startTls(plain, { hostname: host, caCerts: [await Deno.readTextFile(root)] });
    try {
      await secure.handshake();
      await secure.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
      const buffer = new Uint8Array(4096);
      const length = await secure.read(buffer);
      const answer = new TextDecoder().decode(buffer.subarray(0, length ?? 0));
      return [answer.startsWith("HTTP/") ? "accepted" : "trouble", answer.split("\r\n")[0]];
    } finally {
      secure.close();
    }
  } catch (error) {
    return [error.message.startsWith("invalid peer certificate") ? "refused" : "trouble", error.message];
  } finally {
    clearTimeout(timer);
  }
}

let pending = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (pending + text).split("\n");
  pending = lines.pop();
  for (const line of lines) {
    const [root, host, port] = line.split("\t");
    const [verdict, says] = await visit(root, host, Number(port));
    console.log(`${verdict}\t${says.replaceAll(/\s+/g, " ")}`);
  }
}
