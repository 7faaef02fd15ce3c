/**
 * PostgreSQL: a program logs in to a database; in clear or not, by which way, and whether it got in.
 * The documentation's chapter "Frontend/Backend Protocol", protocol 3.0 and 3.2.
 *
 *     client  length 4, code 4 …                    80877103: SSL? · 80877104: GSSAPI? · 80877102: cancel · 196608: 3.0,
 *                                                   and names and values, each ended by a zero, the last name empty
 *     server  S or N                                yes or no: behind S TLS begins, in both directions
 *             R length 4, kind 4 …                  how to log in; E an error: fields of a letter and text; Z ready
 *     client  p length 4 …                          a password, or a step of SASL
 *
 * A direction is read until the session is ready. The server's S or N proves nothing; the client's words do.
 *
 * Does not cover: users and passwords (never kept), queries and data, protocol 2, replication, what runs inside TLS.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NEXT, STREAM_NO } from "../src/decode/decoder.ts";
import { beginsTls, bounded } from "./shared/dialogue.ts";
import { tls } from "./tls.ts";

const CODE = { cancel: 80_877_102, ssl: 80_877_103, gssapi: 80_877_104 } as const;
const MAJOR = 3;
const LONGEST_STARTUP = 10_000; // the server's own limit
const LONGEST_MESSAGE = 64 << 10; // of those that are read before the session is ready
const MOST_PARAMETERS = 64;
const letter = (text: string): number => text.charCodeAt(0);
const L = {
  yes: letter("S"),
  no: letter("N"),
  gssapi: letter("G"),
  authentication: letter("R"),
  error: letter("E"),
  parameter: letter("S"),
  ready: letter("Z"),
  password: letter("p"),
};
const OK = 0;
const SASL = 10;
/** Ways to log in (AuthenticationOk and its kin). */
const METHODS: Readonly<Record<number, string>> = {
  [OK]: "none",
  2: "kerberos",
  3: "password in clear",
  5: "md5",
  7: "gssapi",
  9: "sspi",
};
/** Steps of a way that was named before. */
const STEPS = [8, 11, 12];

/** A direction's state: who sends it. */
const CLIENT = 1;
const SERVER = 2; // and one more for each letter that answered alone
/** A client asks once for TLS and once for GSSAPI's own protection. */
const MOST_ANSWERS = 2;

export const postgresql: Decoder = {
  id: "postgresql",
  title: "PostgreSQL, frontend and backend",
  specs: ["PostgreSQL documentation, Frontend/Backend Protocol", "RFC 5802"],
  ports: { tcp: [5432] },
  fields: [
    { field: "postgresql.version", about: "of the protocol: 3.0" },
    { field: "postgresql.ssl", about: "asked for, agreed or refused" },
    { field: "postgresql.database", about: "the database that the client asks for" },
    { field: "postgresql.application", about: "the client's words about itself" },
    { field: "postgresql.auth", about: "how the client has to log in: none, md5, SCRAM-SHA-256, password in clear …" },
    { field: "postgresql.server-version", about: "the server's version, by its own words" },
    { field: "postgresql.error", about: "why the server refused: an SQLSTATE such as 28P01" },
  ],
  opens: { stream: [0, 0x45, 0x47, 0x4e, 0x52, 0x53] },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = buf[off]!;
    if (first === 0) {
      // A short length, then version 3 or one of the codes that stand in its place (1234 and a number).
      if (len > 1 && buf[off + 1] !== 0) return false;
      return len < 6 || (buf[off + 4] === 0 && buf[off + 5] === MAJOR) || (buf[off + 4] === 4 && buf[off + 5] === 0xd2);
    }
    return first === L.yes || first === L.no || first === L.gssapi || first === L.authentication || first === L.error;
  },

  stream(c, emit, at) {
    if (at.started && beginsTls(c)) {
      at.next = tls.id;
      return STREAM_NEXT;
    }
    const state = at.started ? (at.state ?? 0) : c.buf[c.pos] === 0 ? CLIENT : SERVER;
    at.state = state;
    if (state === CLIENT) return c.buf[c.pos] === 0 ? startup(c, emit, at) : fromClient(c);
    return fromServer(c, emit, at);
  },
};

/** What a client says first, and again behind a refused SSLRequest. */
function startup(c: Cursor, emit: Emit, at: Context): number {
  c.part = "startup";
  const length = c.u32();
  const code = c.u32();
  const known = code === CODE.ssl || code === CODE.gssapi || code === CODE.cancel;
  if (known && length !== (code === CODE.cancel ? 16 : 8)) return refuse(c, at);
  if (!known && (code >>> 16 !== MAJOR || (code & 0xffff) > 9 || length < 9 || length > LONGEST_STARTUP)) {
    return refuse(c, at);
  }
  const outer = c.enter(length - 8, "startup");
  const values = known ? new Map<string, string>() : readParameters(c);
  c.leave(outer);
  if (values === null || (!known && !values.has("user"))) return refuse(c, at);
  emit({ kind: "role", sender: "client", why: known ? `PostgreSQL request ${code}` : "PostgreSQL startup" });
  emit({ kind: "message", what: code === CODE.cancel ? "oneway" : "request", id: "" });
  if (code === CODE.ssl) emit({ kind: "field", field: "postgresql.ssl", value: "asked for" });
  if (known) return c.at;
  emit({ kind: "field", field: "postgresql.version", value: `${code >>> 16}.${code & 0xffff}` });
  for (const [name, field] of [
    ["database", "postgresql.database"],
    ["application_name", "postgresql.application"],
  ] as const) {
    const value = values.get(name) ?? "";
    if (value !== "") emit({ kind: "field", field, value: bounded(value) });
  }
  return c.at;
}

const refuse = (c: Cursor, at: Context): number => (at.started ? c.bad("no startup") : STREAM_NO);

/** Names and values up to an empty name at the end; null where they are none. */
function readParameters(c: Cursor): Map<string, string> | null {
  const values = new Map<string, string>();
  for (let i = 0; i < MOST_PARAMETERS; i++) {
    const name = readText(c);
    if (name === "") return c.left === 0 ? values : null;
    if (!/^[\w.-]+$/.test(name)) return null;
    values.set(name, readText(c));
  }
  return null;
}

/** Text up to its zero, which is taken. */
function readText(c: Cursor): string {
  const end = c.find(0);
  if (end < 0) c.short(c.left + 1);
  const text = c.text(end - c.pos);
  c.skip(1);
  return text;
}

/** Passwords and steps of logging in are passed over; behind any other message the session is ready. */
function fromClient(c: Cursor): number {
  c.part = "message";
  if (c.u8() !== L.password) return STREAM_DONE;
  const length = c.u32();
  if (length < 4 || length > LONGEST_MESSAGE) return STREAM_DONE;
  c.skip(length - 4);
  return c.at;
}

function fromServer(c: Cursor, emit: Emit, at: Context): number {
  c.part = "message";
  const type = c.u8();
  // One letter alone answers SSLRequest. A message of that letter has a length behind it, which begins with a zero.
  const answer = type === L.yes || type === L.no || type === L.gssapi;
  if (answer && (c.left > 0 ? c.buf[c.pos] !== 0 : at.peerStarted && !at.started)) {
    if (!at.started && !at.peerStarted && !isProved(c, type)) return STREAM_NO;
    const state = at.state ?? SERVER;
    if (state >= SERVER + MOST_ANSWERS) c.bad("more answers than a client can have asked for");
    at.state = state + 1;
    emit({ kind: "role", sender: "server", why: "PostgreSQL answer to SSLRequest" });
    emit({ kind: "field", field: "postgresql.ssl", value: type === L.yes ? "agreed" : "refused" });
    return 1;
  }
  if (type === L.ready && at.started) return STREAM_DONE;
  const length = c.u32();
  if (length < 4 || length > LONGEST_MESSAGE) return at.started ? STREAM_DONE : STREAM_NO;
  const outer = c.enter(length - 4, "message");
  const ours = message(c, type, emit, at.started);
  c.leave(outer);
  if (ours) return c.at;
  return at.started ? STREAM_DONE : STREAM_NO;
}

/** Whether what stands behind a lone letter can only be an answer's: the hello of TLS, or a first message. */
function isProved(c: Cursor, answer: number): boolean {
  const begun = c.pos;
  c.need(9);
  const first = c.u8();
  let proved = answer === L.yes && first === 22 && c.u8() === 3;
  if (answer !== L.yes && first === L.authentication) proved = isMethod(c.u32(), c.u32());
  c.pos = begun;
  return proved;
}

/** A length and a kind of AuthenticationOk and its kin that go together. */
const isMethod = (length: number, kind: number): boolean =>
  kind === SASL ? length > 8 && length < 512 : METHODS[kind] !== undefined && length === (kind === 5 ? 12 : 8);

/** One message of the server before the session is ready; false where it is another's. */
function message(c: Cursor, type: number, emit: Emit, started: boolean): boolean {
  if (type === L.authentication) {
    const length = c.left + 4;
    const kind = c.u32();
    if (!isMethod(length, kind)) return started && STEPS.includes(kind);
    tellRole(started, emit);
    if (kind === SASL) {
      const mechanisms: string[] = [];
      for (let name = readText(c); name !== ""; name = readText(c)) mechanisms.push(name);
      emit({ kind: "field", field: "postgresql.auth", value: bounded(mechanisms.join(",")) });
    } else if (kind !== OK) emit({ kind: "field", field: "postgresql.auth", value: METHODS[kind]! });
    else {
      if (!started) emit({ kind: "field", field: "postgresql.auth", value: METHODS[kind]! });
      emit({ kind: "message", what: "response", id: "" });
    }
    return true;
  }
  if (type === L.error) return tellError(c, started, emit);
  if (!started) return false;
  if (type === L.parameter) {
    const name = readText(c);
    if (name === "server_version") {
      emit({ kind: "field", field: "postgresql.server-version", value: bounded(readText(c)) });
    }
  }
  return true;
}

const tellRole = (started: boolean, emit: Emit): void => {
  if (!started) emit({ kind: "role", sender: "server", why: "PostgreSQL message before the session" });
};

/** Fields of an error: a letter and text each, the last letter zero. C is the SQLSTATE. */
function tellError(c: Cursor, started: boolean, emit: Emit): boolean {
  let state = "";
  for (let code = c.u8(); code !== 0; code = c.u8()) {
    const text = readText(c);
    if (code === letter("C") && /^[0-9A-Z]{5}$/.test(text)) state = text;
  }
  if (state === "" || c.left > 0) return false;
  tellRole(started, emit);
  emit({ kind: "field", field: "postgresql.error", value: state });
  emit({ kind: "fault", what: "postgresql-error", code: -1, text: state });
  emit({ kind: "message", what: "response", id: "", failed: true });
  return true;
}
