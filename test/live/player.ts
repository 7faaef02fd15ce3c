/**
 * Real servers and clients for the lab: `serve` answers DNS and speaks TLS on every address, `talk NAME…` looks each name
 * up and opens a TLS connection to what it was told; `flood ADDRESS COUNT` sends datagrams. Keys are shared beforehand, so
 * that no certificate is needed.
 */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect, createServer, type PSKCallbackNegotation } from "node:tls";

/** What each name is told to be; all others do not exist. */
const ADDRESSES: Readonly<Record<string, string>> = {
  "api-us.sdp.opswat.com": "203.0.113.10",
  "telemetry.example.com": "203.0.113.40",
};
const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const SHARED = { ciphers: "PSK", maxVersion: "TLSv1.2", minVersion: "TLSv1.2" } as const;

const [what = "", ...names] = process.argv.slice(2);
if (what === "serve") await serve();
else if (what === "flood") await flood(names[0] ?? "", Number(names[1]));
else await talk();

async function serve(): Promise<void> {
  const dns = createSocket("udp4");
  dns.on("message", (question, from) => dns.send(answerTo(question), from.port, from.address));
  dns.bind(53, "10.20.0.53");
  const tls = createServer({ ...SHARED, pskCallback: () => KEY, pskIdentityHint: "" }, (socket) => {
    socket.on("error", () => {});
    socket.end("hello");
  });
  tls.listen(443, "0.0.0.0");
  await Promise.all([once(dns, "listening"), once(tls, "listening")]);
  process.stdout.write("serving\n");
}

async function talk(): Promise<void> {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers(["10.20.0.53"]);
  for (const name of names) {
    const [address = ""] = await resolver.resolve4(name);
    const pskCallback = (): PSKCallbackNegotation => ({ psk: KEY, identity: "lab" });
    const socket = connect({
      host: address,
      port: 443,
      servername: name,
      ...SHARED,
      pskCallback,
      checkServerIdentity: () => undefined,
    });
    socket.on("data", () => {});
    await once(socket, "close");
  }
}

/** To a port that is open where the address is this host's own, so that nobody answers. */
async function flood(address: string, count: number): Promise<void> {
  const socket = createSocket("udp4");
  if (address.startsWith("127.")) {
    socket.bind(9, address);
    await once(socket, "listening");
  }
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => socket.send(Buffer.alloc(64, i), 9, address, resolve));
  }
  socket.close();
}

/** RFC 1035, section 4: the question again, and one address, or that there is no such name. */
function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0 && labels.length < 20; length = question[at] ?? 0) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  const address = ADDRESSES[labels.join(".").toLowerCase()];
  const isA = question.readUInt16BE(at + 1) === 1;
  const there = address !== undefined && isA;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(there ? 1 : 0, 6);
  head.fill(0, 8, 12); // no authority, nothing additional
  if (!there) return head;
  return Buffer.concat([
    head,
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)]),
  ]);
}
