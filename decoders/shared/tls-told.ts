/** A hello in clear, read and told. */
import { type Cursor, Fault } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import { role } from "./known-facts.ts";
import { tellClientHello, tellServerHello } from "./tls-facts.ts";
import { ClientHello, readClientHello, readServerHello, ServerHello, TLS13 } from "./tls-hello.ts";

/**
 * Null, with nothing emitted, where the bytes are no hello. A fault later on is a problem of a hello that is one.
 * `showsCertificate`: a server's, behind which its certificate comes in clear (unless it resumes a session).
 */
export function tellHello(
  c: Cursor,
  isClient: boolean,
  emit: Emit,
): { showsCertificate: boolean; isServer13: boolean } | null {
  let problem: Fault | null = null;
  const client = new ClientHello();
  const server = new ServerHello();
  try {
    if (isClient) readClientHello(c, client);
    else readServerHello(c, server);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (!client.proved && !server.proved) return null;
    problem = fault;
  }
  if (isClient) {
    emit(role("client", "TLS ClientHello"));
    tellClientHello(client, "tls-sni", emit);
  } else {
    emit(role("server", server.retry ? "TLS HelloRetryRequest" : "TLS ServerHello"));
    tellServerHello(server, emit);
  }
  if (problem !== null) {
    emit({ kind: "problem", what: problem.what === "short" ? "cut" : "malformed", why: `TLS ${problem}` });
  }
  const isServer13 = !isClient && server.version >= TLS13;
  return { showsCertificate: !isClient && !server.retry && !isServer13, isServer13 };
}
