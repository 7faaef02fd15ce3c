/**
 * Which rules could cover a conversation, or be near it, without walking every rule of a model: those that share its
 * port, its name, its address or the role of its far end. All others fail at least two clauses and have nothing in common with it.
 *
 *     port     its number ─▶ classes of rules, whatever the transport; wide ranges and parameters are in question everywhere
 *     name     trie of labels ─▶ endpoints ─▶ rules
 *     address  sorted ranges ─▶ endpoints ─▶ rules
 *
 * Thousands of rules may stand on one port and differ in their endpoint's names and addresses alone. They are one class:
 * to a conversation that shows no name or address of theirs all of them are the same, so the first of them is tried for
 * all. The same goes for rules of one endpoint or role whose ports are others, which can at most be the nearest miss.
 */
import { parseAddress } from "../address.ts";
import { compileNames, type NameMatcher, resolvePattern } from "../model/names.ts";
import type { AddressRange, Endpoint, HostPattern, Model, Rule } from "../model/types.ts";
import { AddressIndex } from "./address-index.ts";

/** A range of more ports than this is not spread over the table. */
const WIDE = 64;
/** Candidates in the lists that are kept for whoever asks alike, and one for each list: a scan asks for 65,536 ports. */
const MOST_KEPT = 1 << 17;

/** What a conversation has that a rule may share. */
export interface Wanted {
  /** The responder's port, and the initiator's where the two may be exchanged. */
  ports: readonly number[];
  /** Every name that may decide whom it is with. */
  names: readonly string[];
  addresses: readonly string[];
  /** Roles of both ends in this model. */
  roles: readonly string[];
}

/** Rules that differ in nothing but their endpoint's names and addresses, in the model's order. */
export type RuleClass = readonly Rule[];

export interface Candidate {
  rule: Rule;
  /** Where it stands for its class: the rules that are the same to this conversation. */
  alike: Alike | null;
}

export interface Alike {
  rules: RuleClass;
  /** Endpoints that the conversation has something of: their rules are candidates by themselves. */
  shown: ReadonlySet<string>;
}

type Parameter = (name: string) => string | null;

/** Rules by their number in the model. */
interface Class {
  members: number[];
  rules: Rule[];
  /** Where one may stand for all. */
  shared: boolean;
}

/** The rules of one endpoint or one role. */
interface End {
  byPort: Map<number, number[]>;
  anyPort: number[];
  /** Rules that are the same wherever their ports are not the conversation's. */
  groups: Map<string, number[]>;
}

export class RuleIndex {
  /** In the model's order. */
  readonly rules: readonly Rule[];
  readonly #classes: Class[] = [];
  readonly #classOf: number[] = [];
  readonly #byPort = new Map<number, number[]>();
  /** Classes without a port, with wide ranges or with a port that is a parameter. */
  readonly #anyPort: number[] = [];
  readonly #names: NameMatcher;
  /** By pattern: its endpoint. */
  readonly #endpointOf: string[] = [];
  readonly #addresses: AddressIndex<string>;
  readonly #endpoints = new Map<string, End>();
  readonly #roles = new Map<string, End>();
  /** What was found before, by ports, roles and endpoints: most conversations ask as another did. */
  readonly #found = new Map<string, readonly Candidate[]>();
  #kept = 0;

  constructor(model: Model, parameter: Parameter) {
    this.rules = model.rules;
    const patterns: HostPattern[] = [];
    const ranges: [AddressRange, string][] = [];
    for (const endpoint of model.endpoints) {
      for (const pattern of resolved(endpoint, parameter)) {
        if (pattern === null) continue;
        patterns.push(pattern);
        this.#endpointOf.push(endpoint.name);
      }
      for (const range of endpoint.addresses) ranges.push([range, endpoint.name]);
    }
    this.#names = compileNames(patterns);
    this.#addresses = new AddressIndex(ranges);
    this.#addRules(model, parameter);
  }

  #addRules({ rules, endpoints }: Model, parameter: Parameter): void {
    const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    const known = new Map<string, number>();
    for (const [i, rule] of rules.entries()) {
      const endpoint = rule.to.kind === "endpoint" ? byName.get(rule.to.endpoint)! : null;
      const shared = endpoint !== null && isNamesAlone(endpoint, parameter);
      const rest = restOf(rule, shared ? endpoint : null);
      const ports = spreadPorts(rule);
      const key = shared ? JSON.stringify([rest, rule.over]) : String(i);
      let number = known.get(key);
      if (number === undefined) {
        number = this.#classes.length;
        known.set(key, number);
        this.#classes.push({ members: [], rules: [], shared });
        if (ports === null) this.#anyPort.push(number);
        else for (const port of ports) push(this.#byPort, port, number);
      }
      this.#classOf.push(number);
      this.#classes[number]!.members.push(i);
      this.#classes[number]!.rules.push(rule);
      if (endpoint !== null) addTo(this.#endpoints, endpoint.name, i, ports, rest);
      const role = rule.to.kind === "role" ? rule.to.role : endpoint?.role;
      if (role !== undefined) addTo(this.#roles, role, i, ports, rest);
    }
  }

  /** The rules in question, in the model's order. */
  candidates({ ports, names, addresses, roles }: Wanted): readonly Candidate[] {
    const shown = this.#endpointsOf(names, addresses);
    let key = `${ports.join()} ${roles.join()}`;
    for (const endpoint of shown) key += ` ${endpoint}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = this.#collect(ports, roles, shown);
    this.#kept += found.length + 1;
    if (this.#kept > MOST_KEPT) {
      this.#found.clear();
      this.#kept = found.length + 1;
    }
    this.#found.set(key, found);
    return found;
  }

  #collect(ports: readonly number[], roles: readonly string[], shown: ReadonlySet<string>): readonly Candidate[] {
    const here = new Set<number>(this.#anyPort);
    for (const port of ports) for (const number of this.#byPort.get(port) ?? []) here.add(number);
    const ends = [...shown].map((name) => this.#endpoints.get(name));
    const found = new Map<number, Alike | null>();
    for (const end of [...ends, ...roles.map((role) => this.#roles.get(role))]) {
      if (end === undefined) continue;
      for (const i of end.anyPort) found.set(i, null);
      for (const port of ports) for (const i of end.byPort.get(port) ?? []) found.set(i, null);
      for (const group of end.groups.values()) {
        const other = group.find((i) => !here.has(this.#classOf[i]!));
        if (other !== undefined) found.set(other, null);
      }
    }
    for (const number of here) {
      const { members, rules, shared } = this.#classes[number]!;
      const at = shared ? rules.findIndex(({ to }) => to.kind === "endpoint" && !shown.has(to.endpoint)) : 0;
      if (at >= 0) found.set(members[at]!, shared && rules.length > 1 ? { rules, shown } : null);
    }
    return [...found].sort(([a], [b]) => a - b).map(([i, alike]) => ({ rule: this.rules[i]!, alike }));
  }

  /** True where some endpoint has this name, by itself or by a pattern. */
  knowsName(name: string): boolean {
    return this.#names.match(name).length > 0;
  }

  /** True where some endpoint has this address. */
  knowsAddress(address: string): boolean {
    return this.#endpointsOf([], [address]).size > 0;
  }

  /** Endpoints with one of these names or addresses. */
  #endpointsOf(names: readonly string[], addresses: readonly string[]): Set<string> {
    const found = new Set<string>();
    for (const name of names) for (const pattern of this.#names.match(name)) found.add(this.#endpointOf[pattern]!);
    for (const address of addresses) {
      const parsed = parseAddress(address);
      if (parsed === null) continue;
      for (const endpoint of this.#addresses.at(parsed.family, parsed.hex)) found.add(endpoint);
    }
    return found;
  }
}

/** With the parameters' values in them; null for a name whose parameter has none. */
function resolved({ hosts }: Endpoint, parameter: Parameter): (HostPattern | null)[] {
  return hosts.map((host) => resolvePattern(host, host.parameter === null ? null : parameter(host.parameter)));
}

/** Nothing decides whether a host is meant but names and addresses that are known. */
function isNamesAlone(endpoint: Endpoint, parameter: Parameter): boolean {
  if (endpoint.role !== undefined || endpoint.ranges !== null) return false;
  return !resolved(endpoint, parameter).includes(null);
}

/** All of a rule that its clauses are made of but its ports, and but its endpoint where only `hosts` or none matters. */
function restOf(rule: Rule, hosts: Endpoint | null): string {
  const { from, to, over, apps, when, requirement, retiredAfter, peer, expect } = rule;
  const whom = hosts === null ? to : hosts.hosts.length > 0;
  const transports = [...new Set(over.map(({ transport }) => transport))].sort();
  return JSON.stringify([from, whom, transports, apps, when, requirement, retiredAfter, peer, expect]);
}

/** All ports of a rule; null where they are too many, a parameter's or none. */
function spreadPorts({ over }: Rule): Set<number> | null {
  const all = new Set<number>();
  for (const { transport, ports } of over) {
    if (transport === "any" || transport === "ip" || ports.length === 0) return null;
    for (const { first, last, parameter } of ports) {
      if (parameter !== null || last - first >= WIDE) return null;
      for (let port = first; port <= last; port++) all.add(port);
    }
  }
  return all;
}

function addTo(ends: Map<string, End>, name: string, rule: number, ports: Set<number> | null, rest: string): void {
  let end = ends.get(name);
  if (end === undefined) {
    end = { byPort: new Map(), anyPort: [], groups: new Map() };
    ends.set(name, end);
  }
  if (ports === null) {
    end.anyPort.push(rule);
    return;
  }
  for (const port of ports) push(end.byPort, port, rule);
  push(end.groups, rest, rule);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
