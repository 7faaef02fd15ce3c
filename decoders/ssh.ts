/**
 * SSH: who offers which version of it, by which program, and whether its keys were agreed on.
 * RFC 4253 sections 4.2, 6, 7; SSH 1.x draft-ylonen-ssh-protocol-00.
 *
 *     SSH-2.0-OpenSSH_9.2p1 Debian-2 CRLF     the banner: protocol, software, a comment
 *     ┌──────────┬───────────┬────────┬─────────┬─────────┐
 *     │ length 4 │ padding 1 │ type 1 │ payload │ padding │   2.0: length without itself
 *     ├──────────┼───────────┴────┬───┴────┬────┴────┬────┴────┐
 *     │ length 4 │ padding 1 to 8 │ type 1 │ payload │ check 4 │  1.x: length without padding and itself
 *     └──────────┴────────────────┴────────┴─────────┴─────────┘
 *
 * Both sides send a banner, so who is client shows only in the exchange of keys behind it. Everything behind NEWKEYS is
 * encrypted and not looked at.
 *
 * Does not cover: lines before a server's banner, connections joined behind it, algorithms, users, what is tunnelled.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { beginsWith } from "./shared/text-head.ts";

const MARK = "SSH-";
const LONGEST_BANNER = 255; // RFC 4253 section 4.2, line end included
const BANNER = /^SSH-(\d{1,2}\.\d{1,3})-([^ ]*)(?: (.*))?$/;
const LF = 10;
const CR = 13;
/** RFC 4253 section 6.1 asks for 35,000; some send more, and nobody this much. */
const LONGEST_PACKET = 256 << 10;

/** What follows in a direction. */
const NEXT = { version2: 0, version1: 1 } as const;

const KEXINIT = 20;
const NEWKEYS = 21;
/** Packets of the exchange of keys that only one side sends (RFC 4253 section 8, RFC 4419, RFC 5656). */
const EXCHANGE = new Map<number, "client" | "server">([
  [30, "client"], // KEXDH_INIT, KEX_ECDH_INIT, KEX_DH_GEX_REQUEST_OLD
  [31, "server"], // KEXDH_REPLY, KEX_ECDH_REPLY, KEX_DH_GEX_GROUP
  [32, "client"], // KEX_DH_GEX_INIT
  [33, "server"], // KEX_DH_GEX_REPLY
  [34, "client"], // KEX_DH_GEX_REQUEST
]);
const PUBLIC_KEY_1 = 2;
const SESSION_KEY_1 = 3;

export const ssh: Decoder = {
  id: "ssh",
  title: "Secure Shell",
  specs: ["RFC 4253", "RFC 4419", "RFC 5656"],
  ports: { tcp: [22] },
  fields: [
    { field: "ssh.version", about: "the protocol's version that the sender offers: 2.0, 1.99 (both), 1.5 …" },
    { field: "ssh.software", about: "the sender's program and its version: OpenSSH_9.2p1" },
    { field: "ssh.comment", about: "what the sender's banner says behind its program" },
  ],
  everyMessage: false,
  bothBegin: true,
  opens: { stream: [0x53] },

  looksStream: (buf, off, len) => beginsWith(buf, off, len, MARK),

  stream(c, emit, at) {
    if (!at.started) return banner(c, emit, at);
    return at.state === NEXT.version1 ? packet1(c, emit) : packet(c, emit);
  },
};

function banner(c: Cursor, emit: Emit, at: Context): number {
  c.part = "banner";
  const end = c.find(LF);
  if (end < 0) return c.left >= LONGEST_BANNER ? STREAM_NO : c.short(c.left + 1);
  const length = end + 1 - c.pos;
  if (length > LONGEST_BANNER) return STREAM_NO;
  const line = c.text(c.buf[end - 1] === CR ? length - 2 : length - 1);
  const parts = BANNER.exec(line);
  if (parts === null) return STREAM_NO;
  const [, version, software, comment] = parts;
  emit({ kind: "field", field: "ssh.version", value: version! });
  if (software !== "") {
    emit({ kind: "field", field: "ssh.software", value: software! });
    emit({ kind: "asset", what: "product", value: software!, source: "SSH banner" });
  }
  if (comment !== undefined && comment !== "") emit({ kind: "field", field: "ssh.comment", value: comment });
  at.state = version === "2.0" || version === "1.99" ? NEXT.version2 : NEXT.version1;
  return length;
}

/** A packet of version 2 before keys are in use. */
function packet(c: Cursor, emit: Emit): number {
  c.part = "packet";
  const length = c.u32();
  if (length < 6 || length > LONGEST_PACKET) return c.bad(`a packet of ${length} bytes`);
  const padding = c.u8();
  if (padding + 1 >= length) return c.bad("a packet of nothing but padding");
  const type = c.u8();
  if (type === NEWKEYS) {
    emit({ kind: "up" });
    return STREAM_DONE;
  }
  const sender = EXCHANGE.get(type);
  if (sender !== undefined) emit({ kind: "role", sender, why: `SSH key exchange ${type}` });
  else if (type > KEXINIT && type < 30) return STREAM_DONE;
  c.skip(length - 2);
  return c.at;
}

/** The first packets of version 1 say who is who; what comes behind them is encrypted. */
function packet1(c: Cursor, emit: Emit): number {
  c.part = "packet";
  const length = c.u32();
  if (length < 5 || length > LONGEST_PACKET) return c.bad(`a packet of ${length} bytes`);
  c.skip(8 - (length % 8));
  const type = c.u8();
  if (type === PUBLIC_KEY_1) emit({ kind: "role", sender: "server", why: "SSH public key" });
  if (type === SESSION_KEY_1) {
    emit({ kind: "role", sender: "client", why: "SSH session key" });
    emit({ kind: "up" });
  }
  return STREAM_DONE;
}
