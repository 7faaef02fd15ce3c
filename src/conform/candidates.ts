/**
 * Which rules could cover a conversation, or be near it, without walking every rule of a model: those that share its
 * port, its name, its address or the role of its far end. All others fail at least two clauses and have nothing in common with it.
 *
 *     port     its number ─▶ rules, whatever the transport; wide ranges and parameters in a list of their own
 *     name     trie of labels ─▶ endpoints ─▶ rules
 *     address  exact text ─▶ endpoints; prefixes and ranges in a list of their own
 */
import { parseAddress } from "../address.ts";
import { compileNames, type NameMatcher, resolvePattern } from "../model/names.ts";
import { rangeHas } from "../model/ranges.ts";
import type { AddressRange, Endpoint, HostPattern, Model, Rule } from "../model/types.ts";

/** A range of more ports than this is not spread over the table. */
const WIDE = 64;

export interface Wanted {
  /** The responder's port, and the initiator's where the two may be exchanged. */
  ports: readonly number[];
  names: readonly string[];
  addresses: readonly string[];
  /** Roles of both ends in this model. */
  roles: readonly string[];
}

export class RuleIndex {
  readonly #rules: readonly Rule[];
  readonly #byPort = new Map<number, number[]>();
  /** Rules without a port, with wide ranges or with a port that is a parameter. */
  readonly #anyPort: number[] = [];
  readonly #names: NameMatcher;
  /** By pattern: its endpoint. */
  readonly #endpointOf: string[] = [];
  readonly #byAddress = new Map<string, string[]>();
  readonly #ranges: { range: AddressRange; endpoint: string }[] = [];
  readonly #byEndpoint = new Map<string, number[]>();
  readonly #byRole = new Map<string, number[]>();
  /** By endpoint: the role whose hosts are meant too. */
  readonly #roleOf = new Map<string, string>();

  constructor(model: Model, parameter: (name: string) => string | null) {
    this.#rules = model.rules;
    for (const { name, role } of model.endpoints) if (role !== undefined) this.#roleOf.set(name, role);
    for (const [i, rule] of model.rules.entries()) this.#addRule(rule, i);
    const patterns: HostPattern[] = [];
    for (const endpoint of model.endpoints) {
      for (const pattern of endpoint.hosts) {
        const resolved = resolvePattern(pattern, pattern.parameter === null ? null : parameter(pattern.parameter));
        if (resolved === null) continue;
        patterns.push(resolved);
        this.#endpointOf.push(endpoint.name);
      }
      this.#addAddresses(endpoint);
    }
    this.#names = compileNames(patterns);
  }

  #addRule(rule: Rule, index: number): void {
    if (rule.to.kind === "endpoint") {
      push(this.#byEndpoint, rule.to.endpoint, index);
      const role = this.#roleOf.get(rule.to.endpoint);
      if (role !== undefined) push(this.#byRole, role, index);
    } else if (rule.to.kind === "role") push(this.#byRole, rule.to.role, index);
    for (const over of rule.over) {
      const spread =
        over.ports.length > 0 &&
        over.ports.every(({ first, last, parameter }) => parameter === null && last - first < WIDE);
      if (!spread || over.transport === "any" || over.transport === "ip") {
        this.#anyPort.push(index);
        continue;
      }
      for (const { first, last } of over.ports) {
        for (let port = first; port <= last; port++) push(this.#byPort, port, index);
      }
    }
  }

  #addAddresses(endpoint: Endpoint): void {
    for (const range of endpoint.addresses) {
      if (range.first === range.last) push(this.#byAddress, range.first, endpoint.name);
      else this.#ranges.push({ range, endpoint: endpoint.name });
    }
  }

  /** The rules in question, in the model's order. */
  candidates({ ports, names, addresses, roles }: Wanted): readonly Rule[] {
    const found = new Set<number>(this.#anyPort);
    for (const port of ports) for (const index of this.#byPort.get(port) ?? []) found.add(index);
    for (const role of roles) for (const index of this.#byRole.get(role) ?? []) found.add(index);
    const endpoints = new Set<string>();
    for (const name of names) for (const pattern of this.#names.match(name)) endpoints.add(this.#endpointOf[pattern]!);
    for (const address of addresses) this.#endpointsAt(address, endpoints);
    for (const endpoint of endpoints) for (const index of this.#byEndpoint.get(endpoint) ?? []) found.add(index);
    if (found.size === this.#rules.length) return this.#rules;
    return [...found].sort((a, b) => a - b).map((index) => this.#rules[index]!);
  }

  /** True where some endpoint has this name, by itself or by a pattern. */
  knowsName(name: string): boolean {
    return this.#names.match(name).length > 0;
  }

  /** True where some endpoint has this address. */
  knowsAddress(address: string): boolean {
    const endpoints = new Set<string>();
    this.#endpointsAt(address, endpoints);
    return endpoints.size > 0;
  }

  #endpointsAt(address: string, endpoints: Set<string>): void {
    const parsed = parseAddress(address);
    if (parsed === null) return;
    for (const endpoint of this.#byAddress.get(parsed.hex) ?? []) endpoints.add(endpoint);
    for (const { range, endpoint } of this.#ranges) {
      if (rangeHas(range, parsed.family, parsed.hex)) endpoints.add(endpoint);
    }
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
