/**
 * Hosts that resolve where nobody can read it: DNS over TLS (RFC 7858), over QUIC (RFC 9250) and over HTTPS (RFC 8484).
 * The last looks like any HTTPS, so only services that are known for nothing else count. It decides no verdict: what an
 * address was resolved for stays unproved, and the remedy says why a longer capture will not help.
 */
import * as C from "../observe/conversations.ts";
import { addressText } from "../observe/flow-view.ts";

const OVER_TLS = 853;
/** Public resolvers' names, with those under them. */
const RESOLVERS =
  /(?:^|\.)(?:dns\.google|cloudflare-dns\.com|one\.one\.one\.one|dns\.quad9\.net|dns\.nextdns\.io|dns\.adguard(?:-dns)?\.com|doh\.opendns\.com|doh\.cleanbrowsing\.org|dns\.mullvad\.net)$/;

/** Whether a conversation of this application, to this port and name, resolves where nobody can read it. */
export function resolvesHidden(app: string | undefined, port: number, name: string | null): boolean {
  if (app !== "tls" && app !== "quic") return false;
  return port === OVER_TLS || (name !== null && RESOLVERS.test(name));
}

/** What a host resolves with, by realm number and address: `HTTPS (dns.google)`. */
export function hiddenResolvers(all: C.Conversations): ReadonlyMap<string, string> {
  const { seen } = all;
  const found = new Map<string, string>();
  // Each name is looked at once: thousands go to the same.
  const names = Uint8Array.from(all.serverNames, (name) => Number(RESOLVERS.test(name)));
  for (let c = 0; c < all.count; c++) {
    const row = all.rows(c);
    const at = all.at(c);
    const portApp = row[at + C.C_PORT_APP]!;
    const nameIndex = row[at + C.C_NAME]!;
    if ((portApp & 0xffff) !== OVER_TLS && (nameIndex === 0 || names[nameIndex - 1] === 0)) continue;
    const app = seen.decoders[((portApp >>> 16) & 0xff) - 1]?.id;
    const name = nameIndex === 0 ? null : all.serverNames[nameIndex - 1]!;
    if (!resolvesHidden(app, portApp & 0xffff, name)) continue;
    const isPlain = (portApp & 0xffff) === OVER_TLS;
    const meta = row[at + C.C_META]!;
    const family = (meta >>> 8) & 0xff;
    const address = (word: number): string => addressText(seen.flows.ipv6, family, word);
    const how = isPlain ? (app === "quic" ? "QUIC" : "TLS") : "HTTPS";
    const key = hostKey(meta >>> 16, address(row[at + C.C_INITIATOR]!));
    if (!found.has(key)) found.set(key, `${how} (${name ?? address(row[at + C.C_RESPONDER]!)})`);
  }
  return found;
}

export function hostKey(realm: number, address: string): string {
  return `${realm}|${address}`;
}
