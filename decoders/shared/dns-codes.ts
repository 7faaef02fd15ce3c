/** Names of DNS codes, from IANA's "Domain Name System (DNS) Parameters". Codes without a name stay numbers and print. */

/** Names of neighbouring codes, from `first` on. */
function addRun(names: Map<number, string>, first: number, run: string): void {
  let code = first;
  for (const name of run.split(" ")) names.set(code++, name);
}

const TYPES = new Map<number, string>();
addRun(TYPES, 1, "A NS MD MF CNAME SOA MB MG MR NULL WKS PTR HINFO MINFO MX TXT RP AFSDB X25 ISDN RT NSAP NSAP-PTR");
addRun(TYPES, 24, "SIG KEY PX GPOS AAAA LOC NXT EID NIMLOC SRV ATMA NAPTR KX CERT A6 DNAME SINK OPT APL DS SSHFP");
addRun(TYPES, 45, "IPSECKEY RRSIG NSEC DNSKEY DHCID NSEC3 NSEC3PARAM TLSA SMIMEA");
addRun(TYPES, 55, "HIP NINFO RKEY TALINK CDS CDNSKEY OPENPGPKEY CSYNC ZONEMD SVCB HTTPS DSYNC");
addRun(TYPES, 99, "SPF UINFO UID GID UNSPEC NID L32 L64 LP EUI48 EUI64");
addRun(TYPES, 128, "NXNAME");
addRun(TYPES, 249, "TKEY TSIG IXFR AXFR MAILB MAILA ANY URI CAA AVC DOA AMTRELAY RESINFO WALLET");
addRun(TYPES, 32768, "TA DLV");
addRun(TYPES, 65281, "WINS WINS-R");

/** The type numbers that a decoder acts on. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
} as const;

export const isKnownType = (type: number): boolean => TYPES.has(type);

/** `AAAA`; an unknown one `TYPE65534` (RFC 3597 section 5). */
export const typeName = (type: number): string => TYPES.get(type) ?? `TYPE${type}`;

/** IN, CHAOS, Hesiod, NONE, ANY (RFC 1035 section 3.2.4, RFC 2136 section 2.4). */
export const isKnownClass = (value: number): boolean =>
  value === 1 || value === 3 || value === 4 || value === 254 || value === 255;

const RCODES = new Map<number, string>();
addRun(
  RCODES,
  0,
  "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE DSOTYPENI",
);
addRun(RCODES, 16, "BADVERS BADKEY BADTIME BADMODE BADNAME BADALG BADTRUNC BADCOOKIE");

/** `NXDOMAIN`; an unknown one `RCODE12`. Takes the twelve bits of header and EDNS together (RFC 6891 section 6.1.3). */
export const rcodeName = (rcode: number): string => RCODES.get(rcode) ?? `RCODE${rcode}`;

/** `UPDATE`; an unknown one `OPCODE7`. */
export const opcodeName = (opcode: number): string =>
  ["QUERY", "IQUERY", "STATUS", undefined, "NOTIFY", "UPDATE", "DSO"][opcode] ?? `OPCODE${opcode}`;

/** SvcParamKeys of RFC 9460 section 14.3.2 and later; an unknown one `key12`. */
export const svcParamName = (key: number): string =>
  ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath", "ohttp"][key] ??
  `key${key}`;
