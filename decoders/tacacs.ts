/**
 * TACACS+: a network device asks a server who may come in, what a user may do, and reports what was done.
 * RFC 8907. Inside of TLS (RFC 9887) it is `tls`.
 *
 *     ┌───────────────┬──────┬──────────┬───────┬────────────┬──────────┬────────────────────┐
 *     │ version 12, x │ type │ sequence │ flags │ session 4  │ length 4 │ body, as a rule    │
 *     │               │      │          │       │            │          │ mixed with a pad   │
 *     └───────1───────┴──1───┴────1─────┴───1───┴────────────┴──────────┴────────────────────┘
 *
 * Clients send odd sequence numbers, servers even ones. A connection begins with 1 and its answer 2, and what stands
 * behind a packet has to be another one.
 *
 * Does not cover: bodies, which a shared secret hides; without it (a test's setting) they are not told either.
 */
import { type Decoder, STREAM_NO } from "../src/decode/decoder.ts";

const PORT = 49;
const HEADER_LENGTH = 12;
const MAJOR = 0xc0;
const TYPES = ["", "authentication", "authorization", "accounting"];
const FLAG = { unencrypted: 1, singleConnect: 4 } as const;
const FLAGS = FLAG.unencrypted | FLAG.singleConnect;
const LONGEST = 1 << 16; // RFC 8907 section 3.6 has no bound; bodies are made of lengths of two bytes
/** Fixed parts of the bodies, by type: of requests and of replies (sections 5.1, 5.2, 6.1, 6.2, 7.1, 7.2). */
const SHORTEST = [
  { client: 0, server: 0 },
  { client: 5, server: 6 }, // a CONTINUE, which is shorter than a START
  { client: 8, server: 6 },
  { client: 9, server: 5 },
];

export const tacacs: Decoder = {
  id: "tacacs",
  title: "TACACS+",
  specs: ["RFC 8907"],
  ports: { tcp: [PORT] },
  fields: [
    { field: "tacacs.type", about: "what is asked: authentication, authorization or accounting" },
    { field: "tacacs.protected", about: "whether the body is mixed with a pad from the shared secret: yes or no" },
  ],
  everyMessage: true,
  opens: { stream: [0xc0, 0xc1] },

  looksStream(buf, off, len) {
    if ((buf[off]! & 0xfe) !== MAJOR) return false;
    if (len > 1 && (buf[off + 1] === 0 || buf[off + 1]! > 3)) return false;
    if (len > 3 && (buf[off + 3]! & ~FLAGS) !== 0) return false;
    return len <= 9 || (buf[off + 8] === 0 && buf[off + 9] === 0);
  },

  stream(c, emit, at) {
    const version = c.u8();
    const type = c.u8();
    const sequence = c.u8();
    const flags = c.u8();
    const session = c.u32();
    const length = c.u32();
    const client = (sequence & 1) === 1;
    const known = (version & 0xfe) === MAJOR && type > 0 && type <= 3 && sequence > 0 && (flags & ~FLAGS) === 0;
    if (!known || length < SHORTEST[type]![client ? "client" : "server"] || length >= LONGEST)
      return at.started ? c.bad("no TACACS+ packet") : STREAM_NO;
    if (!at.started && at.fromStart && sequence > 2) return STREAM_NO;
    c.need(length);
    if (!at.started && c.left > length && (c.buf[c.pos + length]! & 0xfe) !== MAJOR) return STREAM_NO;
    emit({ kind: "role", sender: client ? "client" : "server", why: `TACACS+ sequence ${sequence}` });
    emit({ kind: "field", field: "tacacs.type", value: TYPES[type]! });
    emit({ kind: "field", field: "tacacs.protected", value: (flags & FLAG.unencrypted) === 0 ? "yes" : "no" });
    emit({
      kind: "message",
      what: client ? "request" : "response",
      id: `${session.toString(16)}/${client ? sequence : sequence - 1}`,
    });
    return HEADER_LENGTH + length;
  },
};
