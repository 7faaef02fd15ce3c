/** Numbers, times and ends of conversations in words that people read. */
import { protocolVersion } from "../protocol-versions.ts";
import type { CaptureRow, ConversationRow, FrameRef, LookupRow, RuleHostRow, RuleRow } from "./result.ts";

export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 flow`, `2,312 flows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** Decimal units, as disks and network gear count. */
export function bytes(count: number): string {
  let value = count;
  let unit = "bytes";
  for (const next of ["kB", "MB", "GB", "TB", "PB"]) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return unit === "bytes" ? plural(count, "byte") : `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** A decoder field's value: `TLS 1.3 (772)` where the number is a version that has a name. */
export function fieldText(field: string, value: string | number): string {
  const name = /^d?tls\.(version|offered)$/.test(field) ? protocolVersion(Number(value)) : null;
  return name === null ? String(value) : `${name} (${value})`;
}

/** The two largest units: `1 h 2 min`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const parts: string[] = [];
  let left = Math.round(seconds);
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** `2026-11-20 08:00:00 to 09:02:11 UTC (1 h 2 min)`; null where there is no time. */
export function timeSpan(first: string | null, last: string | null): string | null {
  if (first === null || last === null) return null;
  const from = stamp(first);
  const to = stamp(last);
  const short = to.slice(0, 10) === from.slice(0, 10) ? to.slice(11) : to;
  const seconds = (Date.parse(last) - Date.parse(first)) / 1000;
  const length = Number.isFinite(seconds) && seconds > 0 ? ` (${duration(seconds)})` : "";
  return from === to ? `${from} UTC${length}` : `${from} to ${short} UTC${length}`;
}

/** A view's time without its fraction. */
export function stamp(time: string): string {
  return time.replace("T", " ").replace(/\.\d+Z$/, "");
}

/** IP protocols without ports that networks really have (IANA, "Protocol Numbers"). */
const IP_PROTOCOLS: Readonly<Record<string, string>> = {
  2: "IGMP",
  4: "IP in IP",
  41: "IPv6 in IPv4",
  47: "GRE",
  50: "ESP",
  51: "AH",
  88: "EIGRP",
  89: "OSPF",
  97: "EtherIP",
  103: "PIM",
  112: "VRRP",
  115: "L2TP",
  137: "MPLS",
};

/** `tcp/443`, `icmp`, and as models write it `ip/47 (GRE)`. */
export function over({ transport, port }: Pick<ConversationRow, "transport" | "port">): string {
  if (port !== null) return `${transport}/${port}`;
  if (!/^\d+$/.test(transport)) return transport;
  const name = IP_PROTOCOLS[transport];
  return name === undefined ? `ip/${transport}` : `ip/${transport} (${name})`;
}

/** `tcp/443 tls`, `udp/4789 tunnel (vxlan)`; where the application is not identified, what the port would suggest; `in plant-a` where realms are named. */
export function service(c: ConversationRow): string {
  const way = over(c);
  const where = isDefaultRealm(c.realm) ? "" : ` in ${c.realm}`;
  const tunnel = c.fields.tunnel;
  if (tunnel !== undefined) return `${way} tunnel (${tunnel.join(", ")})${where}`;
  if (c.app === null) return (c.hint === null ? way : `${way} not identified (${c.hint} by its port)`) + where;
  return (c.inner_app === null ? `${way} ${c.app}` : `${way} ${c.app} (${c.inner_app} inside)`) + where;
}

/** `plant-a/10.0.0.5`, as a binding has it; the host alone where nobody named a realm. */
export function hostIn({ realm, host }: Pick<RuleHostRow, "realm" | "host">): string {
  return isDefaultRealm(realm) ? host : `${realm}/${host}`;
}

/** Who asked for a name, in the same form. */
export function clientOf({ realm, client }: LookupRow): string {
  return hostIn({ realm, host: client });
}

/**
 * The best name with the address, or the address alone; whom a proxy was asked for, as it was asked, and the proxy: a name
 * beside its address would say that they belong together.
 */
export function responder(c: ConversationRow): string {
  const asked = c.fields["http.connect"] ?? [];
  if (asked.length === 1 && /^[\w.:[\]-]{1,260}$/.test(String(asked[0]))) return `${asked[0]} through ${c.responder}`;
  const name = c.server_name ?? c.peer_name;
  return name === null || name === c.responder ? c.responder : `${name} (${c.responder})`;
}

/** Between its ends: nothing but a port that no document has says which of them opened it, or it leads from one to the other. */
export function wayOf(
  { verdict, evidence }: ConversationRow,
  { arrow, either }: Record<"arrow" | "either", string>,
): string {
  if (verdict !== "undocumented" || evidence?.initiator_by !== "port") return arrow;
  return evidence.nearest === null || evidence.nearest.clause === "over" ? either : arrow;
}

/** What a rule expects: `client → api-us.example.com tcp/443 tls`. */
export function expected(rule: RuleRow, arrow: string): string {
  const way = rule.ports === "" ? rule.transport : `${rule.transport}/${rule.ports}`;
  const to = rule.to_endpoint.replace(/^role:/, "");
  return `${rule.from_role} ${arrow} ${few(to.split(/,\s*/), 3)} ${way} ${rule.app ?? "any application"}`;
}

/**
 * A clause of the judging as a sentence: with a capital where it begins with a plain word (an address, a host or a rule
 * is left as it is), with a full stop. Empty for nothing.
 */
export function sentence(text: string | null): string {
  if (text === null || text === "") return "";
  const begun = /^[a-z]+[\s,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.?!]$/.test(begun) ? begun : `${begun}.`;
}

/** Several of them, one after the other. */
export function sentences(...texts: readonly (string | null)[]): string {
  return texts
    .map(sentence)
    .filter((text) => text !== "")
    .join(" ");
}

/** The places of the document that a rule cites, each as `SECTION: ITEM`. */
export function citations(rule: RuleRow): string[] {
  const sections = rule.section.split("; ");
  const items = rule.item?.split("; ") ?? [];
  // Where some places have no item it can't be told which: then the lists stand as they are.
  if (items.length !== sections.length) return [rule.item === null ? rule.section : `${rule.section}: ${rule.item}`];
  return sections.map((section, i) => `${section}: ${items[i]}`);
}

/** The first of them, and how many more. */
export function cited(rule: RuleRow): string {
  const [first = "", ...more] = citations(rule);
  return more.length === 0 ? first : `${first} (and ${plural(more.length, "place")} more)`;
}

/** `a, b and c`. */
export function series(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** The first few of a list, and how many more. */
export function few(items: readonly string[], most: number): string {
  if (items.length <= most + 1) return items.join(", ");
  return `${items.slice(0, most).join(", ")} and ${number(items.length - most)} more`;
}

/** `FILE#N` for frames: the file's last name, or its whole path where two captures share that. */
export class FrameNames {
  private readonly labels = new Map<number, string>();

  constructor(captures: readonly CaptureRow[]) {
    const uses = new Map<string, number>();
    for (const { path } of captures) uses.set(baseName(path), (uses.get(baseName(path)) ?? 0) + 1);
    for (const { capture_id, path } of captures) {
      const base = baseName(path);
      this.labels.set(capture_id, path === "-" ? "stdin" : uses.get(base) === 1 ? base : path);
    }
  }

  file(captureId: number): string {
    return this.labels.get(captureId) ?? `capture ${captureId}`;
  }
  name(captureId: number, frame: number): string {
    return `${this.file(captureId)}#${frame}`;
  }
  /** The first few frames of a list. */
  list(frames: readonly FrameRef[], most = 2): string {
    return frames
      .slice(0, most)
      .map((ref) => this.name(ref.capture_id, ref.frame))
      .join(" ");
  }
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1) || path;
}

/** Where nobody named a realm there is one, and nothing to say of it. */
export function isDefaultRealm(realm: string): boolean {
  return realm === "" || realm === "default";
}
