/**
 * Connections of one host that may carry a rule's traffic unseen: packets of the beginning are missing, or one HTTP/2 or
 * HTTP/3 connection serves several names. Gathered once, because each rule that is not met asks for them: of those with
 * the same port and the same name the first tells as much as all.
 */
import { matchesName } from "../model/names.ts";
import type { Endpoint, Rule } from "../model/types.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import type { CastHost } from "./cast.ts";
import type { Judgement } from "./judge.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** `name`: one that DNS gave the far end; null where what is missing is the connection's beginning. */
interface Carrier {
  subject: Subject;
  name: string | null;
}

export class Carriers {
  readonly #ofHost = new Map<CastHost, Map<string, Carrier>>();
  /** By host: the first connection to a proxy of which the capture does not show what was asked. */
  readonly #hidden = new Map<CastHost, Subject>();

  constructor(judgements: readonly Judgement[], dns: DnsEvidence) {
    for (const { code, subject } of judgements) {
      const hosts = new Set(subject.initiatorRoles.map(({ host }) => host));
      if (hosts.size === 0) continue;
      const carriers = subject.port === null ? [] : carriersOf(subject, dns);
      for (const host of hosts) {
        if (code === "inner-unseen" && !this.#hidden.has(host)) this.#hidden.set(host, subject);
        for (const carrier of carriers) this.#add(host, carrier);
      }
    }
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

  hiddenIn(host: CastHost): Subject | null {
    return this.#hidden.get(host) ?? null;
  }

  /** The first that may carry what the rule asks of this endpoint, in the order of the conversations. */
  of(host: CastHost, rule: Rule, endpoint: Endpoint): Carrier | null {
    for (const carrier of this.#ofHost.get(host)?.values() ?? []) {
      if (!sharesPort(rule, carrier.subject)) continue;
      if (carrier.name === null ? endpoint.hosts.length > 0 : isNamed(endpoint, carrier.name)) return carrier;
    }
    return null;
  }
}

function carriersOf(subject: Subject, dns: DnsEvidence): Carrier[] {
  const found: Carrier[] = [];
  if (subject.flows.some((flow) => flow.holed)) found.push({ subject, name: null });
  const carrier = subject.flows.find(mayCarryMore);
  if (carrier === undefined) return found;
  const { own } = dns.namesOf(subject.realm, subject.responder, subject.addresses, carrier.lastSec, carrier.lastNsec);
  for (const { name } of own) found.push({ subject, name });
  return found;
}

function sharesPort(rule: Rule, { transport, port }: Subject): boolean {
  return rule.over.some(
    (over) => over.transport === transport && over.ports.some(({ first, last }) => port! >= first && port! <= last),
  );
}

function isNamed(endpoint: Endpoint, name: string): boolean {
  return endpoint.hosts.some((pattern) => pattern.parameter === null && matchesName(pattern, name));
}

/** One connection for several names: HTTP/2 or HTTP/3, chosen in sight or, where the choice is encrypted, offered. */
function mayCarryMore(flow: SubjectFlow): boolean {
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
