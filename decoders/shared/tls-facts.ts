/** What hellos say, as facts: the same for TLS, DTLS and QUIC but for where the server's name was sent. */
import type { Emit } from "../../src/decode/decoder.ts";
import type { NameSource } from "../../src/decode/facts.ts";
import { field, inner } from "./known-facts.ts";
import { cipherForwardSecrecy, cipherName } from "./tls-ciphers.ts";
import { alpnApp } from "./tls-codes.ts";
import { type ClientHello, type ServerHello, TLS13 } from "./tls-hello.ts";

export function tellClientHello(hello: ClientHello, source: NameSource, emit: Emit): void {
  if (hello.serverName !== "") emit({ kind: "name", source, name: hello.serverName });
  if (hello.offered !== 0) emit(field("tls.offered", hello.offered));
  if (hello.alpn.length > 0) emit(field("tls.alpn-offered", hello.alpn.join(",")));
  if (hello.hidden !== "") emit(field("tls.ech", hello.hidden));
  // What is offered alone is what runs, or the server refuses (RFC 7301 section 3.2).
  const app = onlyApp(hello.alpn);
  if (app !== null) emit(inner(app));
}

/** What all of the protocols come to; null where they are of several, or none. */
function onlyApp(protocols: readonly string[]): string | null {
  let only: string | null = null;
  for (const protocol of protocols) {
    const app = alpnApp(protocol);
    if (only !== null && only !== app) return null;
    only = app;
  }
  return only;
}

export function tellServerHello(hello: ServerHello, emit: Emit): void {
  emit(field("tls.version", hello.version));
  emit(field("tls.cipher", cipherName(hello.cipher)));
  if (hello.retry) {
    emit(field("tls.retry", "yes"));
    return;
  }
  // TLS 1.3 is ephemeral but for a pre-shared key alone, which has no key share.
  const forward = hello.version === TLS13 ? hello.keyShare : cipherForwardSecrecy(hello.cipher);
  if (forward !== null) emit(field("tls.forward-secrecy", forward ? "yes" : "no"));
  const protocol = hello.alpn[0];
  if (protocol !== undefined) {
    emit(field("tls.alpn", protocol));
    emit(inner(alpnApp(protocol)));
  }
}
