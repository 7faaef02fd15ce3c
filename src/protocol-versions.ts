/** Versions of SSL, TLS and DTLS as they stand on the wire: RFC 6101, RFC 8446 section 4.2.1, RFC 9147 section 5.3. */
const NAMES: Readonly<Record<number, string>> = {
  2: "SSL 2.0",
  768: "SSL 3.0",
  769: "TLS 1.0",
  770: "TLS 1.1",
  771: "TLS 1.2",
  772: "TLS 1.3",
  65279: "DTLS 1.0",
  65277: "DTLS 1.2",
  65276: "DTLS 1.3",
};

/** `TLS 1.2` for 0x0303; null where the number is none that has a name. */
export function protocolVersion(code: number): string | null {
  return NAMES[code] ?? null;
}
