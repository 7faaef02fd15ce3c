/**
 * SIP: calls are set up, and where their media will flow is agreed.
 * RFC 3261; the media's addresses in SDP, RFC 8866.
 *
 *     INVITE sip:desk@rollout.example SIP/2.0        SIP/2.0 200 OK
 *     Call-ID: …   CSeq: 1 INVITE   …                Call-ID: …   CSeq: 1 INVITE   …
 *     (empty line) body of Content-Length bytes
 *
 * The start line with its version proves it on any port, together with the fields that every message has (Call-ID, CSeq).
 * A provisional answer (1xx) is no answer yet; one that asks for credentials leads on.
 *
 * Does not cover: dialogs and forking, compact forms beyond those of Call-ID, From, To, Content-Length and Content-Type, SIP
 * in TLS.
 */
import { formatHex, parseAddress } from "../src/address.ts";
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Decoder, type Emit, STREAM_NO } from "../src/decode/decoder.ts";
import { beginsWith, readTextHead, type TextHead } from "./shared/text-head.ts";

const PORTS = [5060];
const METHODS = "INVITE ACK BYE CANCEL REGISTER OPTIONS PRACK SUBSCRIBE NOTIFY PUBLISH INFO REFER MESSAGE UPDATE".split(
  " ",
);
const ANSWER = "SIP/2.0 ";
const REQUEST = /^([A-Z]+) (\S+) SIP\/2\.0$/;
const RESPONSE = /^SIP\/2\.0 ([1-6]\d\d) ?(.*)$/;
const LEADS_ON: readonly number[] = [401, 407];
const LONGEST_HEAD = 16 << 10;
const LONGEST_BODY = 64 << 10;

export const sip: Decoder = {
  id: "sip",
  title: "Session Initiation Protocol",
  specs: ["RFC 3261", "RFC 8866"],
  ports: { udp: PORTS, tcp: PORTS },
  fields: [
    { field: "sip.method", about: "INVITE, REGISTER, OPTIONS …; of an answer the method that it answers" },
    { field: "sip.status", about: "of an answer: 200, 486 …" },
    { field: "sip.target", about: "whom the request is for: a URI" },
    { field: "sip.from", about: "who speaks" },
    { field: "sip.to", about: "to whom" },
    { field: "sip.user-agent", about: "the sender's own name for itself" },
    { field: "sip.media", about: "where media shall flow to: kind, address and port" },
  ],
  opens: { datagram: [[0x41, 0x55]], stream: [[0x41, 0x55]] },
  forms: {
    stream: [
      {
        first: [[0x41, 0x55]],
        bytes: [
          [1, 0xff, 0x41, 0x7a],
          [2, 0xff, 0x41, 0x7a],
        ],
      },
    ],
    datagram: [
      {
        first: [[0x41, 0x55]],
        bytes: [
          [1, 0xff, 0x41, 0x7a],
          [2, 0xff, 0x41, 0x7a],
        ],
      },
    ],
  },
  everyMessage: true,

  looksDatagram: looks,

  datagram(c, emit) {
    const said = readMessage(c);
    if (said === null) return false;
    tell(said, emit);
    if (!said.head.whole) c.short(Math.max(1, c.cutOff));
    const length = said.length ?? c.left + c.cutOff;
    if (length > c.left + c.cutOff) c.bad(`a body of ${length} bytes`);
    tellMedia(c, said, Math.min(length, c.left), c.left < length, emit);
    if (c.left < length) c.short(length);
    return true;
  },

  looksStream: looks,

  stream(c, emit, at) {
    // Empty lines keep connections alive (RFC 5626 section 3.5.1).
    if (at.started && (c.buf[c.pos] === 13 || c.buf[c.pos] === 10)) return 1;
    if (!looks(c.buf, c.pos, c.left)) return at.started ? c.bad("no SIP message") : STREAM_NO;
    const said = readMessage(c);
    if (said === null || (said.length ?? 0) > LONGEST_BODY) return at.started ? c.bad("no SIP message") : STREAM_NO;
    if (!said.head.whole && c.at > LONGEST_HEAD) return STREAM_NO;
    if (!said.head.whole) c.short(1);
    const length = said.length ?? 0;
    c.need(length);
    tell(said, emit);
    tellMedia(c, said, length, false, emit);
    c.skip(length);
    return c.at;
  },
};

/** A method and a space, or the version, as far as the bytes go. */
function looks(buf: Uint8Array, off: number, len: number): boolean {
  const first = buf[off]!;
  if (first < 0x41 || first > 0x55) return false; // ACK to UPDATE
  if (beginsWith(buf, off, len, ANSWER)) return true;
  for (let i = 0; i < METHODS.length; i++) {
    const method = METHODS[i]!;
    if (!beginsWith(buf, off, len, method)) continue;
    if (len <= method.length || buf[off + method.length] === 0x20) return true;
  }
  return false;
}

interface Said {
  head: TextHead;
  /** Of the request, or of the request that this answers. */
  method: string;
  target: string;
  /** 0 in a request. */
  status: number;
  words: string;
  id: string;
  /** Bytes of the body; null where the head does not say. */
  length: number | null;
}

/** Reads a head; null where it is none. One that is not whole has to show its start line, and then all that it shows is told. */
function readMessage(c: Cursor): Said | null {
  const head = readTextHead(c);
  if (head === null) return null;
  const request = REQUEST.exec(head.start);
  const response = RESPONSE.exec(head.start);
  if (request === null && response === null) return head.start === "" && !head.whole ? unread(c) : null;
  const get = (name: string, compact: string): string | undefined => head.fields.get(name) ?? head.fields.get(compact);
  const call = get("call-id", "i");
  const sequence = /^(\d+)\s+([A-Z]+)$/.exec(head.fields.get("cseq") ?? "");
  if (call === undefined || sequence === null) return head.whole ? null : unread(c);
  const length = get("content-length", "l");
  return {
    head,
    method: request?.[1] ?? sequence[2]!,
    target: request?.[2] ?? "",
    status: Number(response?.[1] ?? 0),
    words: response?.[2] ?? "",
    id: `${call} ${sequence[1]} ${sequence[2]}`,
    length: length !== undefined && /^\d{1,6}$/.test(length) ? Number(length) : null,
  };
}

/** What shows it is not there yet. */
const unread = (c: Cursor): never => c.short(1);

function tell(said: Said, emit: Emit): void {
  const { head, status, method } = said;
  const field = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== "" && value !== 0) emit({ kind: "field", field: `sip.${name}`, value });
  };
  emit({
    kind: "role",
    sender: status === 0 ? "client" : "server",
    why: status === 0 ? `SIP ${method}` : `SIP ${status}`,
  });
  field("method", method);
  field("status", status);
  field("target", said.target);
  // An ACK is the answer's own answer.
  if (status === 0) emit({ kind: "message", what: method === "ACK" ? "oneway" : "request", id: said.id });
  else if (status >= 200) {
    const failed = status >= 400 && !LEADS_ON.includes(status) ? { failed: true } : {};
    emit({ kind: "message", what: "response", id: said.id, ...failed });
    if (status >= 400) emit({ kind: "fault", what: "sip-status", code: status, text: said.words });
  }
  field("from", uriOf(head.fields.get("from") ?? head.fields.get("f")));
  field("to", uriOf(head.fields.get("to") ?? head.fields.get("t")));
  const agent = head.fields.get("user-agent") ?? head.fields.get("server");
  field("user-agent", agent);
  if (agent !== undefined && agent !== "") emit({ kind: "asset", what: "product", value: agent, source: "SIP" });
}

/** Of `"Desk" <sip:desk@rollout.example>;tag=7` the URI. */
const uriOf = (value: string | undefined): string =>
  value === undefined ? "" : (/<([^>]*)>/.exec(value)?.[1] ?? value.split(";")[0]!);

/** `m=` with the port, and the address of the `c=` in its part or before all parts. `cut`: the last line may not be whole. */
function tellMedia(c: Cursor, said: Said, length: number, cut: boolean, emit: Emit): void {
  const type = said.head.fields.get("content-type") ?? said.head.fields.get("c") ?? "";
  if (!type.toLowerCase().startsWith("application/sdp") || cut) return;
  let shared = "";
  const media: { kind: string; port: string; over: string; address: string }[] = [];
  for (const line of escapeBytes(c.buf, c.pos, c.pos + length).split(/\\x0d\\x0a|\\x0a/)) {
    const address = /^c=IN IP[46] ([0-9A-Za-z.:-]+)/.exec(line)?.[1];
    const stream = /^m=(\w+) (\d{1,5})(?:\/\d+)? (\S+)/.exec(line);
    const last = media.at(-1);
    if (stream !== null) media.push({ kind: stream[1]!, port: stream[2]!, over: stream[3]!, address: "" });
    else if (address !== undefined && last === undefined) shared = address;
    else if (address !== undefined && last !== undefined) last.address = address;
  }
  for (const { kind, port, over, address } of media) {
    const host = address || shared;
    if (host === "" || port === "0") continue;
    emit({ kind: "field", field: "sip.media", value: `${kind} ${host.includes(":") ? `[${host}]` : host}:${port}` });
    tellFlow(host, Number(port), over, emit);
  }
}

/** Where media will come to, and their reports a port above (RFC 3550 section 11). Both may be protected, or begin with STUN. */
function tellFlow(host: string, port: number, over: string, emit: Emit): void {
  const parsed = parseAddress(host);
  if (parsed === null || port > 0xffff) return;
  const address = formatHex(parsed.family, parsed.hex);
  const transport = over.startsWith("TCP") ? "tcp" : "udp";
  const expect = (at: number): void => emit({ kind: "expect-flow", app: null, transport, address, port: at });
  expect(port);
  if (transport === "udp" && over.includes("RTP") && port < 0xffff) expect(port + 1);
}
