/**
 * Connections of one host that may carry a rule's traffic unseen: packets of the beginning are missing, or one HTTP/2 or
 * HTTP/3 connection serves several names. Gathered once, because each rule that is not met asks for them: of those with
 * the same port and the same name the first tells as much as all.
 */
import { matchesName } from "../model/names.ts";
import type { Endpoint, Rule } from "../model/types.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import type { CastHost } from "./cast.ts";
import type { Judged } from "./judged.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** `name`: one that DNS gave the far end; null where what is missing is the connection's beginning. */
interface Carrier {
  subject: Judged;
  name: string | null;
}

export class Carriers {
  readonly #ofHost = new Map<CastHost, Map<string, Carrier>>();
  /** By host: the first connection to a proxy of which the capture does not show what was asked, or its first sealed tunnel. */
  readonly #hidden = new Map<CastHost, Judged>();

  constructor(judgements: readonly Judged[], dns: DnsEvidence) {
    for (const judged of judgements) {
      const { code, port, initiatorRoles, responderRoles, holed, carrier, sealed } = judged;
      if (sealed) for (const { host } of responderRoles) this.#hide(host, judged);
      const isHidden = sealed || code === "inner-unseen";
      if (initiatorRoles.length === 0 || !(isHidden || holed || carrier !== null)) continue;
      const carriers = port === null ? [] : carriersOf(judged, dns);
      for (const host of new Set(initiatorRoles.map((played) => played.host))) {
        if (isHidden) this.#hide(host, judged);
        for (const carrier of carriers) this.#add(host, carrier);
      }
    }
  }

  #hide(host: CastHost, judged: Judged): void {
    if (!this.#hidden.has(host)) this.#hidden.set(host, judged);
  }

  #add(host: CastHost, carrier: Carrier): void {
    const { transport, port } = carrier.subject;
    let known = this.#ofHost.get(host);
    if (known === undefined) {
      known = new Map();
      this.#ofHost.set(host, known);
    }
    const key = `${transport}/${port} ${carrier.name ?? ""}`;
    if (!known.has(key)) known.set(key, carrier);
  }

  hiddenIn(host: CastHost): Judged | null {
    return this.#hidden.get(host) ?? null;
  }

  /**
   * The first that may carry what the rule asks of this endpoint, in the order of the conversations. `lacking`: the members
   * that are in question; empty for all.
   */
  of(host: CastHost, rule: Rule, endpoint: Endpoint, lacking: readonly string[]): Carrier | null {
    for (const carrier of this.#ofHost.get(host)?.values() ?? []) {
      if (!sharesPort(rule, carrier.subject)) continue;
      if (carrier.name === null ? endpoint.hosts.length > 0 : isNamed(endpoint, lacking, carrier.name)) return carrier;
    }
    return null;
  }
}

function carriersOf(judged: Judged, dns: DnsEvidence): Carrier[] {
  const found: Carrier[] = [];
  if (judged.holed) found.push({ subject: judged, name: null });
  if (judged.carrier === null) return found;
  for (const name of carriedNames(judged, judged.carrier, dns)) found.push({ subject: judged, name });
  return found;
}

/** Names that DNS gave the far end by the time that one of these connections was last seen. */
export function carriedNames(
  { realm, responder }: Pick<Judged, "realm" | "responder">,
  { flows, addresses }: NonNullable<Judged["carrier"]>,
  dns: DnsEvidence,
): Set<string> {
  const found = new Set<string>();
  for (const { lastSec, lastNsec } of flows)
    for (const { name } of dns.namesOf(realm, responder, addresses, lastSec, lastNsec).own) found.add(name);
  return found;
}

function sharesPort(rule: Rule, { transport, port }: Judged): boolean {
  return rule.over.some(
    (over) => over.transport === transport && over.ports.some(({ first, last }) => port! >= first && port! <= last),
  );
}

function isNamed(endpoint: Endpoint, lacking: readonly string[], name: string): boolean {
  return endpoint.hosts.some(
    (pattern) =>
      pattern.parameter === null &&
      (lacking.length === 0 || lacking.includes(pattern.text)) &&
      matchesName(pattern, name),
  );
}

/** Tunnels of a host's whole traffic whose inside only their ends can read; IPsec's is a protocol of its own (RFC 4303). */
const TUNNELS: ReadonlySet<string> = new Set(["ike", "openvpn", "wireguard"]);
const ESP = "50";

/** Whether it is such a tunnel, and came up. */
export function isSealed({ app, transport, flows }: Subject): boolean {
  if (transport !== ESP && (app === null || !TUNNELS.has(app))) return false;
  return flows.some(({ outcome }) => outcome === "established" || outcome === "answered");
}

/** One connection for several names: HTTP/2 or HTTP/3, chosen in sight or, where the choice is encrypted, offered. */
export function mayCarryMore(flow: SubjectFlow): boolean {
  if (flow.outcome !== "established" && flow.outcome !== "answered") return false;
  let offered = false;
  for (const { fact } of flow.sightings) {
    if (fact.kind === "inner") return fact.app === "http2" || fact.app === "http3";
    if (fact.kind === "field" && fact.field === "tls.alpn") return /^h[23]/.test(String(fact.value));
    if (fact.kind === "field" && fact.field === "tls.alpn-offered")
      offered ||= /(?:^|,)h[23](?:,|-|$)/.test(String(fact.value));
  }
  return offered;
}
