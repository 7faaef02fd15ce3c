/**
 * Names, addresses, ports, roles and facts by all that rules can tell apart in them, each as a small number. Two of one number
 * lead to the same verdict by the same words, but for the text itself:
 *
 *     name      the patterns that it fits · the documented domain that it is of
 *     address   the documented and listed ranges that hold it · whether it is global
 *     port      the ranges of documented ports that hold it
 *     roles     model, role and host, which may go by the address
 *     fact      what it says; of an operation its target by itself
 *
 * Where a model or a site says the very text, that is a class of its own: in a sentence nobody could tell whose word it is.
 */
import { parseAddress } from "../address.ts";
import { ASKING_FIELDS, type Fact, type NameSource } from "../decode/facts.ts";
import { compileNames, type NameMatcher, resolvePattern } from "../model/names.ts";
import type { AddressRange, HostPattern } from "../model/types.ts";
import { addressText } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { Tuples } from "../report/tuples.ts";
import { AddressIndex } from "./address-index.ts";
import { isGlobal, type Played } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import { Sayings, sayingsOf } from "./sayings.ts";
import type { WhomContext } from "./whom.ts";

/** What is in no class: whatever has it is judged by itself. */
export const NO_CLASS = -1;
/** Classes, and texts whose class is remembered. Whatever comes beyond is in none. */
const MOST_CLASSES = 1 << 16;
/** Bytes of which it is remembered what they could be the beginning of. */
const MOST_BEGINNINGS = 1 << 12;
/** Shorter texts may stand in any word. */
const SHORTEST = 4;
const PLAIN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export class Classes {
  readonly #seen: Observation;
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<string, number>();
  readonly #addresses = new Map<number, number>();
  /** Number of a port's class + 1, of those of UDP and of TCP. */
  readonly #ports = [new Int32Array(1 << 16), new Int32Array(1 << 16)] as const;
  readonly #facts = new Map<Fact, number>();
  readonly #targets = new Map<string | null, number>();
  readonly #sent = new Map<NameSource, number>();
  readonly #beginnings = new Tuples();
  #begun = 0;
  /** Of all targets that may stand for each other. */
  readonly ownTarget: number;
  readonly #roles = new WeakMap<readonly Played[], number>();
  /** What models and site say. */
  readonly #said: readonly Sayings[];
  readonly #patterns: NameMatcher;
  /** Last two labels of documented names. */
  readonly #domains: ReadonlySet<string>;
  readonly #ranges: AddressIndex<number>;
  /** Where a range of ports begins, or the one before it has ended; in order. */
  readonly #edges: readonly number[];

  constructor(
    seen: Observation,
    models: readonly LoadedModel[],
    { siteHosts, ranges }: Pick<WhomContext, "siteHosts" | "ranges">,
  ) {
    this.#seen = seen;
    const patterns: HostPattern[] = [];
    const domains = new Set<string>();
    const all: AddressRange[] = Object.values(ranges).flat();
    const edges = new Set<number>();
    const values: string[] = [];
    for (const { model, parameter } of models) {
      for (const { hosts, addresses } of model.endpoints) {
        all.push(...addresses);
        for (const host of hosts) {
          const pattern = resolvePattern(host, parameter);
          if (pattern !== null) patterns.push(pattern);
          domains.add(domainOf(host.text));
        }
      }
      for (const { name } of model.parameters) values.push(parameter(name) ?? "");
      for (const { over } of model.rules)
        for (const { ports } of over)
          for (const { first, last, parameter: name } of ports) {
            const given = name === null ? first : Number(parameter(name) ?? first);
            for (const edge of [first, last + 1, given, given + 1]) edges.add(edge);
          }
    }
    const ofSite = new Sayings([values, siteHosts, Object.keys(ranges)]);
    this.#said = [ofSite, ...models.map(({ model }) => sayingsOf(model))];
    this.#patterns = compileNames(patterns);
    this.#domains = domains;
    this.#ranges = new AddressIndex(all.map((range, i) => [range, i] as const));
    this.#edges = [...edges].sort((a, b) => a - b);
    this.ownTarget = this.#number("any target")!;
  }

  name(name: string): number {
    return this.#names.get(name) ?? remember(this.#names, name, this.#number(this.#nameClass(name)));
  }

  #nameClass(name: string): string | null {
    if (!isTelling(name) || parseAddress(name) !== null) return null;
    if (this.#says(name)) return `name ${name}`;
    const domain = domainOf(name);
    return `name of ${this.#domains.has(domain) ? domain : ""}, ${this.#patterns.match(name)}`;
  }

  /** Of an IPv4 address, as a row has it. */
  address(word: number): number {
    return this.#addresses.get(word) ?? remember(this.#addresses, word, this.#number(this.#addressClass(word)));
  }

  #addressClass(word: number): string {
    const text = addressText(this.#seen.flows.ipv6, 4, word);
    if (this.#says(text)) return `address ${text}`;
    const ranges = this.#ranges.at(4, (word >>> 0).toString(16).padStart(8, "0")).sort((a, b) => a - b);
    return `address in ${ranges}, ${isGlobal(text)}`;
  }

  /** Of TCP or of UDP. A port whose number is told, or that says what is to be expected there, is a class of its own. */
  port(tcp: boolean, port: number): number {
    const ports = this.#ports[tcp ? 1 : 0];
    if (ports[port] === 0) ports[port] = this.#number(this.#portClass(tcp, port)) + 1;
    return ports[port]! - 1;
  }

  #portClass(tcp: boolean, port: number): string {
    return this.isPortShared(tcp, port) ? `port of ${this.#edges.findIndex((edge) => edge > port)}` : `port ${port}`;
  }

  isPortShared(tcp: boolean, port: number): boolean {
    return this.#seen.identified.hint(tcp, port, port) === null && !this.#said.some((said) => said.hasPort(port));
  }

  /** Of the end with this address. */
  roles(played: readonly Played[], address: string): number {
    const known = this.#roles.get(played);
    if (known !== undefined) return known;
    const number = this.#number(rolesClass(played, address));
    this.#roles.set(played, number);
    return number;
  }

  fact(fact: Fact): number {
    return this.#facts.get(fact) ?? remember(this.#facts, fact, this.#number(factClass(fact)));
  }

  /** Of a fact that is the name which the client sent, or repeats it. */
  sent(source: NameSource): number {
    return this.#sent.get(source) ?? remember(this.#sent, source, this.#number(`sent ${source}`));
  }

  /** What an operation is about. */
  target(target: string | null): number {
    return this.#targets.get(target) ?? remember(this.#targets, target, this.#targetClass(target));
  }

  #targetClass(target: string | null): number {
    const isOwn = target !== null && target.length >= SHORTEST && PLAIN.test(target) && !this.#says(target);
    return isOwn ? this.ownTarget : this.#number(`target ${target === null ? "" : `"${target}`}`);
  }

  /** Of applications that a flow could be the beginning of. The first `length` of `held` say it; none for too much to remember. */
  beginning(held: Int32Array, length: number, apps: () => readonly string[]): number {
    const known = length === 0 ? -1 : this.#beginnings.find(held, length);
    if (known >= 0) return known;
    const number = this.#number(`begins as ${apps().join()}`);
    if (length === 0 || number === NO_CLASS) return number;
    if (this.#begun++ < MOST_BEGINNINGS) this.#beginnings.add(number);
    return number;
  }

  #says(text: string): boolean {
    return this.#said.some((said) => said.names(text));
  }

  #number(text: string | null): number {
    if (text === null) return NO_CLASS;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MOST_CLASSES) return NO_CLASS;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/** Whether a text may stand for another of its class: it is a name of several labels, and JSON has it as it is. */
function isTelling(text: string): boolean {
  return text.length >= SHORTEST && text.includes(".") && PLAIN.test(text);
}

/** Null for hosts with addresses that nobody bound, or bound by a name, of which the frames that show them are told. */
function rolesClass(played: readonly Played[], address: string): string | null {
  if (played.some(({ host }) => host.host.others !== undefined || host.resolved.length > 0)) return null;
  return JSON.stringify(
    played.map(({ model, role, host: { realm, outside, how, host } }) => {
      const { single, internet, name, text, addresses } = host;
      return [model, role, realm, outside, how, single, internet, name, text === address ? "" : text, addresses.length];
    }),
  );
}

/**
 * Null for what depends on other flows, on times, or on a text of its own: look-ups, what a proxy was asked for, clocks, where
 * a client was sent on to. What pairs operations is no word of theirs.
 */
function factClass(fact: Fact): string | null {
  switch (fact.kind) {
    case "asset": // no rule asks what a device says of itself
    case "up":
      return fact.kind;
    case "message":
      return `message ${fact.what} ${fact.failed === true}`;
    case "fault":
      return fact.what === "http-redirect" ? null : JSON.stringify(fact);
    case "field":
      return fact.field in ASKING_FIELDS || fact.field.startsWith("ntp.") ? null : JSON.stringify(fact);
    case "operation":
      return JSON.stringify({ ...fact, target: null, id: null });
    case "role":
    case "name":
    case "inner":
      return JSON.stringify(fact);
    case "query":
    case "answer":
    case "expect-flow":
    case "problem":
      return null;
  }
}

function domainOf(name: string): string {
  return name.split(".").slice(-2).join(".");
}

function remember<Key>(known: Map<Key, number>, key: Key, number: number): number {
  if (known.size >= MOST_CLASSES) known.clear();
  known.set(key, number);
  return number;
}
