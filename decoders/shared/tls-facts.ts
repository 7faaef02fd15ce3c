/** What hellos say, as facts: the same for TLS, DTLS and QUIC but for where the server's name was sent. */
import type { Emit } from "../../src/decode/decoder.ts";
import type { NameSource } from "../../src/decode/facts.ts";
import { cipherForwardSecrecy, cipherName } from "./tls-ciphers.ts";
import { alpnApp } from "./tls-codes.ts";
import { type ClientHello, type ServerHello, TLS13 } from "./tls-hello.ts";

export function tellClientHello(hello: ClientHello, source: NameSource, emit: Emit): void {
  if (hello.serverName !== "") emit({ kind: "name", source, name: hello.serverName });
  if (hello.offered !== 0) emit({ kind: "field", field: "tls.offered", value: hello.offered });
  if (hello.alpn.length > 0) emit({ kind: "field", field: "tls.alpn-offered", value: hello.alpn.join(",") });
  if (hello.hidden !== "") emit({ kind: "field", field: "tls.ech", value: hello.hidden });
  // What is offered alone is what runs, or the server refuses (RFC 7301 section 3.2).
  const apps = new Set(hello.alpn.map(alpnApp));
  if (apps.size === 1) for (const app of apps) emit({ kind: "inner", app });
}

export function tellServerHello(hello: ServerHello, emit: Emit): void {
  emit({ kind: "field", field: "tls.version", value: hello.version });
  emit({ kind: "field", field: "tls.cipher", value: cipherName(hello.cipher) });
  if (hello.retry) {
    emit({ kind: "field", field: "tls.retry", value: "yes" });
    return;
  }
  // TLS 1.3 is ephemeral but for a pre-shared key alone, which has no key share.
  const forward = hello.version === TLS13 ? hello.keyShare : cipherForwardSecrecy(hello.cipher);
  if (forward !== null) emit({ kind: "field", field: "tls.forward-secrecy", value: forward ? "yes" : "no" });
  const protocol = hello.alpn[0];
  if (protocol !== undefined) {
    emit({ kind: "field", field: "tls.alpn", value: protocol });
    emit({ kind: "inner", app: alpnApp(protocol) });
  }
}
