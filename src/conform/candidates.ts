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
import { once } from "../once.ts";
import { AddressIndex, Ipv4Set } from "./address-index.ts";

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

/** Endpoints that a conversation has something of, one object for each set of them. */
interface Shown {
  endpoints: ReadonlySet<string>;
  /** What was found before, by the first port, and by roles and further ports. */
  found: Map<number, Map<string, readonly Candidate[]>>;
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

/** What is made of rules is made when a conversation first asks for it: most of a large model nobody asks for. */
export class RuleIndex {
  /** In the model's order. */
  readonly rules: readonly Rule[];
  readonly #endpointOf: ReadonlyMap<string, Endpoint>;
  readonly #parameter: Parameter;
  /** Of each rule its ports; null where they are too many, a parameter's or none. */
  readonly #ports: (readonly number[] | null)[] = [];
  readonly #byPort = new Map<number, number[]>();
  /** Rules without a port, with wide ranges or with a port that is a parameter. */
  readonly #anyPort: number[] = [];
  readonly #byEndpoint = new Map<string, number[]>();
  readonly #byRole = new Map<string, number[]>();
  /** By what makes rules the same, and by port, null for those that are in question everywhere. */
  readonly #classes = new Map<string, Class>();
  readonly #classesAt = new Map<number | null, readonly Class[]>();
  /** By endpoint and by role. */
  readonly #endpoints = new Map<string, End>();
  readonly #roles = new Map<string, End>();
  readonly #names: () => { matcher: NameMatcher; endpointOf: readonly string[] };
  readonly #addresses: AddressIndex<string>;
  readonly #ipv4: () => Ipv4Set;
  /** Sets of endpoints that conversations have something of, by those endpoints, and what was found for each. */
  readonly #shown = new Map<string, Shown>();
  readonly #nothing: Shown = { endpoints: new Set(), found: new Map() };
  #kept = 0;
  /** Endpoints by one of their names, and by one of their addresses, as they were asked for. */
  readonly #ofName = new Map<string, Shown>();
  readonly #ofAddress = new Map<string, Shown>();

  constructor({ rules, endpoints }: Model, parameter: Parameter) {
    this.rules = rules;
    this.#parameter = parameter;
    this.#endpointOf = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
    this.#names = once(() => namesOf(endpoints, parameter));
    const ranges: [AddressRange, string][] = [];
    for (const { name, addresses } of endpoints) for (const range of addresses) ranges.push([range, name]);
    this.#addresses = new AddressIndex(ranges);
    this.#ipv4 = once(() => new Ipv4Set(ranges.map(([range]) => range)));
    for (let i = 0; i < rules.length; i++) this.#add(rules[i]!, i);
  }

  #add(rule: Rule, i: number): void {
    const ports = spreadPorts(rule);
    this.#ports.push(ports);
    if (ports === null) this.#anyPort.push(i);
    else for (const port of ports) push(this.#byPort, port, i);
    if (rule.to.kind === "endpoint") push(this.#byEndpoint, rule.to.endpoint, i);
    const role = rule.to.kind === "role" ? rule.to.role : this.#endpointTo(rule)?.role;
    if (role !== undefined) push(this.#byRole, role, i);
  }

  #endpointTo({ to }: Rule): Endpoint | null {
    return to.kind === "endpoint" ? this.#endpointOf.get(to.endpoint)! : null;
  }

  /** The rules in question, in the model's order: the same list for whoever asks alike, as most conversations do. */
  candidates({ ports, names, addresses, roles }: Wanted): readonly Candidate[] {
    const { endpoints, found } = this.#endpointsOf(names, addresses);
    // Nearly all ask by one port and one role: nothing is put together for them.
    const [port = -1] = ports;
    let key = roles.length === 1 ? roles[0]! : roles.join();
    if (ports.length > 1) key += ` ${ports.join()}`;
    const known = found.get(port)?.get(key);
    if (known !== undefined) return known;
    const made = this.#collect(ports, roles, endpoints);
    this.#kept += made.length + 1;
    if (this.#kept > MOST_KEPT) this.#forget();
    const atPort = found.get(port) ?? new Map<string, readonly Candidate[]>();
    found.set(port, atPort.set(key, made));
    return made;
  }

  #forget(): void {
    this.#kept = 0;
    this.#nothing.found.clear();
    for (const known of [this.#shown, this.#ofName, this.#ofAddress]) known.clear();
  }

  #collect(ports: readonly number[], roles: readonly string[], shown: ReadonlySet<string>): readonly Candidate[] {
    const ends = [
      ...[...shown].map((name) => this.#end(this.#endpoints, name, this.#byEndpoint)),
      ...roles.map((role) => this.#end(this.#roles, role, this.#byRole)),
    ];
    const found = new Map<number, Alike | null>();
    for (const end of ends) {
      for (const i of end.anyPort) found.set(i, null);
      for (const port of ports) for (const i of end.byPort.get(port) ?? []) found.set(i, null);
      for (const group of end.groups.values()) {
        const other = group.find((i) => this.#ports[i]?.some((port) => ports.includes(port)) === false);
        if (other !== undefined) found.set(other, null);
      }
    }
    const here = new Set(this.#at(null));
    for (const port of ports) for (const one of this.#at(port)) here.add(one);
    for (const { members, rules, shared } of here) {
      const at = shared ? rules.findIndex(({ to }) => to.kind === "endpoint" && !shown.has(to.endpoint)) : 0;
      if (at >= 0) found.set(members[at]!, shared && rules.length > 1 ? { rules, shown } : null);
    }
    return [...found].sort(([a], [b]) => a - b).map(([i, alike]) => ({ rule: this.rules[i]!, alike }));
  }

  /** The classes of a port's rules; null: of those that are in question everywhere. Rules of a class have the same ports. */
  #at(port: number | null): readonly Class[] {
    const known = this.#classesAt.get(port);
    if (known !== undefined) return known;
    const rules = port === null ? this.#anyPort : (this.#byPort.get(port) ?? []);
    const classes = this.#classesOf(rules);
    if (rules.length > 0 || port === null) this.#classesAt.set(port, classes);
    return classes;
  }

  #classesOf(numbers: readonly number[]): Class[] {
    const made = new Map<string, Class>();
    for (const i of numbers) {
      const rule = this.rules[i]!;
      const endpoint = this.#endpointTo(rule);
      const shared = endpoint !== null && isNamesAlone(endpoint, this.#parameter);
      const key = shared ? JSON.stringify([restOf(rule, endpoint), rule.over]) : String(i);
      const one = made.get(key);
      if (one === undefined) made.set(key, { members: [i], rules: [rule], shared });
      else {
        one.members.push(i);
        one.rules.push(rule);
      }
    }
    // Another port of the same rules may have made them before.
    return [...made].map(([key, one]) => {
      const known = this.#classes.get(key);
      if (known === undefined) this.#classes.set(key, one);
      return known ?? one;
    });
  }

  #end(ends: Map<string, End>, name: string, rules: ReadonlyMap<string, readonly number[]>): End {
    let end = ends.get(name);
    if (end === undefined) {
      end = this.#makeEnd(rules.get(name) ?? []);
      ends.set(name, end);
    }
    return end;
  }

  #makeEnd(numbers: readonly number[]): End {
    const end: End = { byPort: new Map(), anyPort: [], groups: new Map() };
    for (const i of numbers) {
      const rule = this.rules[i]!;
      const endpoint = this.#endpointTo(rule);
      const ports = this.#ports[i] ?? null;
      if (ports === null) {
        end.anyPort.push(i);
        continue;
      }
      for (const port of ports) push(end.byPort, port, i);
      const shared = endpoint !== null && isNamesAlone(endpoint, this.#parameter);
      push(end.groups, restOf(rule, shared ? endpoint : null), i);
    }
    return end;
  }

  /** True where some endpoint has this name, by itself or by a pattern. */
  knowsName(name: string): boolean {
    return this.#named(name).endpoints.size > 0;
  }

  /** True where some endpoint has this address. */
  knowsAddress(address: string): boolean {
    return this.#addressed(address).endpoints.size > 0;
  }

  /** As `knowsAddress`, of an IPv4 address as a row has it. */
  knowsIpv4(word: number): boolean {
    return this.#ipv4().has(word);
  }

  /** Endpoints with one of these names or addresses. */
  #endpointsOf(names: readonly string[], addresses: readonly string[]): Shown {
    let shown = this.#nothing;
    for (const name of names) shown = this.#both(shown, this.#named(name));
    for (const address of addresses) shown = this.#both(shown, this.#addressed(address));
    return shown;
  }

  #both(one: Shown, other: Shown): Shown {
    if (other === one) return one;
    if (one.endpoints.size === 0) return other;
    for (const endpoint of other.endpoints)
      if (!one.endpoints.has(endpoint)) return this.#asShown([...one.endpoints, ...other.endpoints]);
    return one;
  }

  #asShown(list: readonly string[]): Shown {
    if (list.length === 0) return this.#nothing;
    const endpoints = new Set(list);
    const key = [...endpoints].sort().join(" ");
    let shown = this.#shown.get(key);
    if (shown === undefined) {
      shown = { endpoints, found: new Map() };
      this.#kept++;
      this.#shown.set(key, shown);
    }
    return shown;
  }

  #named(name: string): Shown {
    return remembered(this.#ofName, name, () => {
      const { matcher, endpointOf } = this.#names();
      return this.#asShown(matcher.match(name).map((pattern) => endpointOf[pattern]!));
    });
  }

  #addressed(address: string): Shown {
    return remembered(this.#ofAddress, address, () => {
      const parsed = parseAddress(address);
      return this.#asShown(parsed === null ? [] : this.#addresses.at(parsed.family, parsed.hex));
    });
  }
}

/** Names and addresses of which the endpoints are remembered: most that is spoken to is spoken to again. */
const MOST_REMEMBERED = 65_536;

function remembered<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(key, value);
  }
  return value;
}

/** The endpoints' names and patterns, and by pattern whose it is. */
function namesOf(
  endpoints: readonly Endpoint[],
  parameter: Parameter,
): { matcher: NameMatcher; endpointOf: readonly string[] } {
  const patterns: HostPattern[] = [];
  const endpointOf: string[] = [];
  for (const endpoint of endpoints) {
    for (const pattern of resolved(endpoint, parameter)) {
      if (pattern === null) continue;
      patterns.push(pattern);
      endpointOf.push(endpoint.name);
    }
  }
  return { matcher: compileNames(patterns), endpointOf };
}

/** With the parameters' values in them; null for a name whose parameter has none. */
function resolved({ hosts }: Endpoint, parameter: Parameter): (HostPattern | null)[] {
  return hosts.map((host) => resolvePattern(host, parameter));
}

/** Nothing decides whether a host is meant but names and addresses that are known. */
function isNamesAlone(endpoint: Endpoint, parameter: Parameter): boolean {
  if (endpoint.role !== undefined || endpoint.ranges !== null) return false;
  return !resolved(endpoint, parameter).includes(null);
}

/** All of a rule that its clauses are made of but its ports, and but its endpoint where only `hosts` or none matters. */
function restOf(rule: Rule, hosts: Endpoint | null): string {
  const { from, to, over, apps, appsAt, when, requirement, retiredAfter, peer, expect } = rule;
  const whom = hosts === null ? to : hosts.hosts.length > 0;
  const transports = [...new Set(over.map(({ transport }) => transport))].sort();
  return JSON.stringify([from, whom, transports, apps, appsAt, when, requirement, retiredAfter, peer, expect]);
}

/** All ports of a rule, each once; null where they are too many, a parameter's or none. */
function spreadPorts({ over }: Rule): readonly number[] | null {
  const all: number[] = [];
  for (const { transport, ports } of over) {
    if (transport === "any" || transport === "ip" || ports.length === 0) return null;
    for (const { first, last, parameter } of ports) {
      if (parameter !== null || last - first >= WIDE) return null;
      for (let port = first; port <= last; port++) all.push(port);
    }
  }
  return all.length < 2 ? all : [...new Set(all)];
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
