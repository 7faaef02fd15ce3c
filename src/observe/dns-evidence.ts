/**
 * What DNS said about addresses, to whom and when: the evidence that an address may be called by a name.
 *
 * An answer speaks for an address under the name that was asked, through its CNAME chain. It holds from the moment it
 * was given for its lifetime plus a grace, and at least for a day, because many programs resolve once when they start
 * (`verdicts.md`: "What proves a conversation").
 */
import { parseAddress } from "../address.ts";
import type { AnswerFact, DnsRecord } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import type { FrameRef } from "../report/result.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** Resolvers hand out what is left of a lifetime, and programs hold on to an answer a little longer than that. */
const GRACE_SEC = 300;
const AT_LEAST_SEC = 86_400;

export interface NameAnswer {
  /** The name that was asked for, and every alias on the way to the address. */
  name: string;
  aliases: string[];
  client: string;
  address: string;
  sec: number;
  nsec: number;
  untilSec: number;
  capture: number;
  frame: number;
}

/** One complete answer to a client about a name: what addresses it had. For contradictions. */
export interface WholeAnswer {
  name: string;
  addresses: string[];
  sec: number;
  capture: number;
  frame: number;
}

/** The frame of an answer. */
type Place = Pick<FrameRef, "capture_id" | "frame">;

export class DnsEvidence {
  /** By realm and address: what was answered, to whom. */
  readonly #byAddress = new Map<string, NameAnswer[]>();
  /** By realm, client and name. */
  readonly #byName = new Map<string, WholeAnswer[]>();
  /** Public names of ECH configurations, by client, and where they were published: a server name that is only a cover. */
  readonly #echNames = new Map<string, Map<string, Place>>();

  constructor(seen: Observation) {
    const view = new FlowView(seen);
    const dnsApps = new Set(seen.decoders.map((d, i) => (d.id === "dns" ? i + 1 : -1)));
    for (let flow = 0; flow < seen.flows.table.count; flow++) {
      view.move(flow);
      if ((view.proto !== UDP && view.proto !== TCP) || !dnsApps.has(view.app) || view.detail === null) continue;
      for (const sighting of view.detail.sightings) {
        if (sighting.fact.kind !== "answer") continue;
        const clientDir = sighting.dir === 0 ? 1 : 0;
        const client = addressText(seen.flows.ipv6, view.family, view.address(clientDir));
        this.#add(sighting.fact, `${view.realm}`, client, sighting);
      }
    }
  }

  /** Names under which DNS gave this address by that time: to this client (all addresses of it), and to others. */
  namesOf(
    realm: number,
    address: string,
    clients: ReadonlySet<string>,
    sec: number,
    nsec: number,
  ): { own: NameAnswer[]; other: NameAnswer[] } {
    const own: NameAnswer[] = [];
    const other: NameAnswer[] = [];
    for (const answer of this.#byAddress.get(`${realm}|${address}`) ?? []) {
      if (answer.sec > sec || (answer.sec === sec && answer.nsec > nsec) || answer.untilSec < sec) continue;
      (clients.has(answer.client) ? own : other).push(answer);
    }
    return { own, other };
  }

  /** Answers that this client (all addresses of it) had for a name within the 24 h before. */
  answersFor(realm: number, clients: ReadonlySet<string>, name: string, sec: number): WholeAnswer[] {
    return [...clients]
      .flatMap((client) => this.#byName.get(`${realm}|${client}|${name}`) ?? [])
      .filter((answer) => answer.sec <= sec && answer.sec >= sec - AT_LEAST_SEC);
  }

  get isEmpty(): boolean {
    return this.#byAddress.size === 0;
  }

  /** True where any answer in the capture gave this address. */
  knows(realm: number, address: string): boolean {
    return this.#byAddress.has(`${realm}|${address}`);
  }

  /** Addresses that any answer in the capture gave for a name. */
  addressesOf(name: string): string[] {
    const found = new Set<string>();
    for (const answers of this.#byName.values()) {
      for (const answer of answers)
        if (answer.name === name) for (const address of answer.addresses) found.add(address);
    }
    return [...found];
  }

  /** Where an HTTPS record answered to this client published the name as a cover for encrypted hellos; null where none did. */
  echPublicName(realm: number, clients: ReadonlySet<string>, name: string): Place | null {
    for (const client of clients) {
      const place = this.#echNames.get(`${realm}|${client}`)?.get(name);
      if (place !== undefined) return place;
    }
    return null;
  }

  #add(
    answer: AnswerFact,
    realm: string,
    client: string,
    at: { capture: number; frame: number; sec: number; nsec: number },
  ): void {
    const aliases = aliasesOf(answer.name, answer.records);
    const addresses: string[] = [];
    for (const record of answer.records) {
      if (record.echPublicName !== undefined) {
        const key = `${realm}|${client}`;
        const names = this.#echNames.get(key) ?? new Map<string, Place>();
        names.set(record.echPublicName, { capture_id: at.capture, frame: at.frame });
        this.#echNames.set(key, names);
      }
      if ((record.type !== "A" && record.type !== "AAAA") || !aliases.has(record.name)) continue;
      if (parseAddress(record.data) === null) continue;
      addresses.push(record.data);
      const key = `${realm}|${record.data}`;
      const list = this.#byAddress.get(key) ?? [];
      list.push({
        name: answer.name,
        aliases: [...aliases].slice(1),
        client,
        address: record.data,
        sec: at.sec,
        nsec: at.nsec,
        untilSec: at.sec + Math.max(record.ttl + GRACE_SEC, AT_LEAST_SEC),
        capture: at.capture,
        frame: at.frame,
      });
      if (list.length === 1) this.#byAddress.set(key, list);
    }
    if (answer.partial || answer.rcode !== "NOERROR" || (answer.type !== "A" && answer.type !== "AAAA")) return;
    const key = `${realm}|${client}|${answer.name}`;
    const list = this.#byName.get(key) ?? [];
    list.push({ name: answer.name, addresses, sec: at.sec, capture: at.capture, frame: at.frame });
    if (list.length === 1) this.#byName.set(key, list);
  }
}

/** The asked name and every name that CNAME records lead on to, in order; a record that points back adds nothing. */
export function aliasesOf(name: string, records: readonly DnsRecord[]): Set<string> {
  const names = new Set([name]);
  let grown = true;
  while (grown) {
    grown = false;
    for (const record of records) {
      if (record.type !== "CNAME" || !names.has(record.name) || names.has(record.data)) continue;
      names.add(record.data);
      grown = true;
    }
  }
  return names;
}
