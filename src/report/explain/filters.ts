/**
 * tshark commands that show the packets a verdict rests on. Display filters as of Wireshark 4.0: set members are
 * separated by commas (https://www.wireshark.org/docs/man-pages/wireshark-filter.html, "Membership Operator").
 */
import { parseAddress } from "../../address.ts";
import type { RealmPart, Span } from "../../capture/realm-parts.ts";
import type { CaptureRow, ConversationRow, FrameRef, RuleRow } from "../result.ts";
import { shellWord } from "../safe.ts";
import { isDefaultRealm } from "../words.ts";

/** One command a capture: exactly these frames. What can't be read again has none. */
export function frameCommands(captures: readonly CaptureRow[], frames: readonly FrameRef[]): string[] {
  return captures.flatMap((capture) => {
    const { capture_id, path } = capture;
    const own = frames.filter((ref) => ref.capture_id === capture_id).map((ref) => ref.frame);
    if (own.length === 0 || isGone(capture)) return [];
    const numbers = [...new Set(own)].sort((a, b) => a - b);
    return [tshark(path, `frame.number in {${numbers.join(", ")}}`)];
  });
}

/** One command a capture: everything between the two ends, both directions. */
export function conversationCommands(captures: readonly CaptureRow[], c: ConversationRow): string[] {
  const own = endsFilter(c);
  const others = channelFilters(c);
  const filter = others.length === 0 ? own : anyOf([own, ...others].map((one) => `(${one})`));
  return captures.flatMap((capture) => {
    const where = isGone(capture) ? null : realmFilter(capture, c.realm);
    return where === null ? [] : [tshark(capture.path, [filter, where].filter(Boolean).join(" && "))];
  });
}

/** Its data channels, and answers from another port or address. */
function channelFilters({ fields }: ConversationRow): string[] {
  return (fields.channels ?? []).flatMap((channel) => {
    const [, transport, ...ends] = /^(tcp|udp) (\S+):(\d+) (\S+):(\d+)$/.exec(String(channel)) ?? [];
    if (transport === undefined) return [];
    const [one, port, other, otherPort] = ends as [string, string, string, string];
    const hosts = [one, other].map((host) => hostTerm(host.replace(/^\[|\]$/g, ""), transport));
    return [[...hosts, `${transport}.port == ${port}`, `${transport}.port == ${otherPort}`].join(" && ")];
  });
}

/** What a realm has of a capture: empty where that is all of it, null where it is nothing. */
function realmFilter({ realm, parts }: CaptureRow, wanted: string): string | null {
  const own = parts.filter((part) => part.realm === wanted);
  if (realm === wanted) {
    const others = parts.filter((part) => part.realm !== wanted).flatMap(partTerms);
    return others.length === 0 ? "" : `!${anyOf(others, true)}`;
  }
  return own.length === 0 ? null : anyOf(own.flatMap(partTerms));
}

function partTerms({ vlans, untagged, vnis }: RealmPart): string[] {
  return [
    ...vlans.map((span) => spanTerm("vlan.id", span)),
    ...(untagged ? ["!vlan"] : []),
    ...["vxlan.vni", "geneve.vni"].flatMap((field) => vnis.map((span) => spanTerm(field, span))),
  ];
}

function spanTerm(field: string, [first, last]: Span): string {
  return first === last ? `${field} == ${first}` : `${field} in {${first}..${last}}`;
}

/** One command a capture: what the rule's hosts did over its ports, to see for oneself that the rule's own is not there. */
export function absenceCommands(captures: readonly CaptureRow[], rule: RuleRow): string[] {
  const hosts = [...new Set(rule.hosts.map(({ host }) => host))].filter(
    (host) => parseAddress(host.split("/")[0]!) !== null,
  );
  const filter = [anyOf(hosts.map((host) => hostTerm(host, rule.transport))), portTerm(rule)]
    .filter(Boolean)
    .join(" && ");
  if (hosts.length === 0) return [];
  const realms = new Set(rule.hosts.map(({ realm }) => realm));
  return captures.flatMap((capture) => {
    const parts = [...realms].map((realm) => realmFilter(capture, realm));
    const there = parts.filter((part) => part !== null);
    if (isGone(capture) || !(there.length > 0 || isDefaultRealm([...realms][0]!))) return [];
    const where = there.length === 0 || there.includes("") ? "" : anyOf(there);
    return [tshark(capture.path, [filter, where].filter(Boolean).join(" && "))];
  });
}

function anyOf(terms: readonly string[], alone = false): string {
  return terms.length === 1 && !alone ? terms[0]! : `(${terms.join(" || ")})`;
}

/** `tcp.port in {80, 8000..8010}`; empty where the rule's ports are not numbers, or of several transports. */
function portTerm({ transport, ports }: RuleRow): string {
  if (!["tcp", "udp", "sctp"].includes(transport) || !/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(ports)) return "";
  return `${transport}.port in {${ports.replaceAll("-", "..").replaceAll(",", ", ")}}`;
}

/** Standard input, and an interface's packets: `--keep-packets` has those of the findings, if it was asked for. */
function isGone({ path, format }: CaptureRow): boolean {
  return path === "-" || format === "live";
}

export function endsFilter(c: ConversationRow): string {
  const terms = [hostTerm(c.initiator, c.transport), hostTerm(c.responder, c.transport)];
  if (c.port !== null && (c.transport === "tcp" || c.transport === "udp" || c.transport === "sctp")) {
    terms.push(`${c.transport}.port == ${c.port}`);
  } else if (c.transport === "icmp") terms.push("icmp");
  else if (c.transport === "icmp6") terms.push("icmpv6");
  else if (/^\d+$/.test(c.transport)) terms.push(`(ip.proto == ${c.transport} || ipv6.nxt == ${c.transport})`);
  return terms.join(" && ");
}

function hostTerm(address: string, transport: string): string {
  if (transport === "eth") return `eth.addr == ${address}`;
  return address.includes(":") ? `ipv6.addr == ${address}` : `ip.addr == ${address}`;
}

function tshark(path: string, filter: string): string {
  return `tshark -r ${shellWord(path)} -Y ${shellWord(filter)}`;
}
