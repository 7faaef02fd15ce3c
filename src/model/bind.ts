/**
 * Who plays which role, and what the parameters are: `--bind` and `--set` over the site file over the models' defaults.
 *
 *     --bind [MODEL/]ROLE=VALUE[,VALUE…]     VALUE: [REALM/]ADDRESS[+ADDRESS…] · CIDR · FIRST-LAST · mac:… · name · internet
 *     --set  [MODEL/]PARAMETER=VALUE
 *
 * The command line replaces the file's list for that role. Every model has the role `proxy` without declaring it.
 */
import type { FrameRef } from "../report/result.ts";
import { quote, unknownWord } from "../words.ts";
import { parseBoundValues } from "./hosts.ts";
import { PROXY_ROLE } from "./load.ts";
import { wrongValue } from "./parameters.ts";
import type { AddressRange, Model, Problem, Site } from "./types.ts";

export interface BoundHost {
  /** Several where one host has several addresses (`10.0.0.5+fd00::5`); empty for a name and for `internet`. */
  addresses: AddressRange[];
  /** A name, to be resolved from the capture or the site's `hosts:`, never by a live query. */
  name: string | null;
  /** Any global address that is not bound otherwise; brings no traffic into scope. */
  internet: boolean;
  /** One host, judged by itself; false for a CIDR, a range and `internet`, which are judged as a whole. */
  single: boolean;
  /** As reports name it. */
  text: string;
  /**
   * Addresses that nobody bound and that are its own by its MAC address, and that itself, with the frames that show it;
   * `as`: which of its addresses shows it, where that is one of many.
   */
  others?: readonly { text: string; frames: readonly FrameRef[]; as?: string }[];
}

export interface Binding {
  model: string;
  role: string;
  /** Null: in every realm. */
  realm: string | null;
  hosts: BoundHost[];
  how: "given" | "site" | "inferred";
  /** From the site's `outside:`: the role's address beyond NAT or a load balancer, where `outside-port` holds. */
  outside: boolean;
}

export interface ParameterSetting {
  /** Null where it was not given and has no default. */
  value: string | null;
  how: "given" | "site" | "default" | "missing";
}

export interface Bound {
  bindings: Binding[];
  /** By model, then by parameter; every parameter of every model is there. */
  parameters: Map<string, Map<string, ParameterSetting>>;
  problems: Problem[];
}

/** Where a value came from, for messages. */
interface Origin {
  source: string;
  line: number;
  column: number;
}

/** `binds` and `sets` are the arguments of `--bind` and `--set`, as they were given. */
export function bindRoles(
  models: readonly Model[],
  site: Site | null,
  binds: readonly string[],
  sets: readonly string[],
): Bound {
  const bound: Bound = { bindings: [], parameters: new Map(), problems: [] };
  bindFromCommandLine(models, binds, bound);
  if (site !== null) bindFromSite(models, site, bound);
  for (const model of models) {
    const settings = new Map<string, ParameterSetting>();
    for (const { name, default: standard } of model.parameters) {
      settings.set(name, { value: standard, how: standard === null ? "missing" : "default" });
    }
    bound.parameters.set(model.name, settings);
  }
  if (site !== null) {
    for (const [key, value] of Object.entries(site.set)) {
      setParameter(models, key, value, "site", originOf(site, `set.${key}`), bound);
    }
  }
  for (const argument of sets) setFromCommandLine(models, argument, bound);
  return bound;
}

function report(bound: Bound, { source, line, column }: Origin, message: string): void {
  bound.problems.push({ severity: "error", source, line, column, message });
}

function originOf(site: Site, path: string): Origin {
  const at = site.positions?.[path] ?? { line: 1, column: 1 };
  return { source: site.source ?? "site", ...at };
}

function bindFromCommandLine(models: readonly Model[], binds: readonly string[], bound: Bound): void {
  for (const argument of binds) {
    const origin = { source: "--bind", line: 1, column: 1 };
    const equals = argument.indexOf("=");
    if (equals < 1) {
      report(bound, origin, `found ${quote(argument)}, expected ROLE=VALUE such as gateway=10.20.0.5`);
      continue;
    }
    const key = argument.slice(0, equals);
    const owners = ownersOf(models, key, (message) => report(bound, origin, message));
    // Offsets within the value are columns of the argument: one based, behind `ROLE=`.
    const fail = (message: string, at = 0) =>
      report(bound, { ...origin, column: equals + 2 + at }, `${message} (in ${quote(argument)})`);
    for (const [realm, hosts] of parseBoundValues(argument.slice(equals + 1), fail)) {
      addBindings(bound, owners, realm, hosts, "given", false);
    }
  }
}

function bindFromSite(models: readonly Model[], site: Site, bound: Bound): void {
  const given = new Set(bound.bindings.map(({ model, role }) => `${model}/${role}`));
  for (const [kind, table] of [["roles", site.roles] as const, ["outside", site.outside] as const]) {
    for (const [key, values] of Object.entries(table)) {
      const origin = originOf(site, `${kind}.${key}`);
      const owners = ownersOf(models, key, (message) => report(bound, origin, message)).filter(
        ({ model, role }) => kind === "outside" || !given.has(`${model}/${role}`),
      );
      for (const value of values) {
        for (const [realm, hosts] of parseBoundValues(value, (message) => report(bound, origin, message))) {
          addBindings(bound, owners, realm, hosts, "site", kind === "outside");
        }
      }
    }
  }
}

interface Owner {
  model: string;
  role: string;
}

/** Adds hosts to the binding of the same role, realm and origin, or makes one. */
function addBindings(
  bound: Bound,
  owners: readonly Owner[],
  realm: string | null,
  hosts: readonly BoundHost[],
  how: Binding["how"],
  outside: boolean,
): void {
  for (const { model, role } of owners) {
    const same = bound.bindings.find(
      (other) =>
        other.model === model &&
        other.role === role &&
        other.realm === realm &&
        other.how === how &&
        other.outside === outside,
    );
    if (same === undefined) bound.bindings.push({ model, role, realm, hosts: [...hosts], how, outside });
    else same.hosts.push(...hosts);
  }
}

/** Which model's role `[MODEL/]ROLE` means. Empty where it means none or could mean several; `fail` is told then. */
function ownersOf(models: readonly Model[], key: string, fail: (message: string) => void): Owner[] {
  const slash = key.indexOf("/");
  const role = key.slice(slash + 1);
  const chosen = slash < 0 ? models : models.filter((model) => model.name === key.slice(0, slash));
  if (chosen.length === 0) {
    fail(unknownWord("model", key.slice(0, Math.max(0, slash)), names(models)));
    return [];
  }
  const owners = chosen.filter((model) => model.roles.some((known) => known.name === role));
  if (owners.length === 0) {
    if (role === PROXY_ROLE) return chosen.map((model) => ({ model: model.name, role }));
    const known = [...new Set([...chosen.flatMap((model) => names(model.roles)), PROXY_ROLE])];
    fail(unknownWord("role", role, known));
    return [];
  }
  if (owners.length > 1) {
    const qualified = owners.map((model) => `${model.name}/${role}`);
    fail(`role ${quote(role)} is in several models; write one of ${qualified.join(", ")}`);
    return [];
  }
  return owners.map((model) => ({ model: model.name, role }));
}

function names(named: readonly { name: string }[]): string[] {
  return named.map(({ name }) => name);
}

function setFromCommandLine(models: readonly Model[], argument: string, bound: Bound): void {
  const origin = { source: "--set", line: 1, column: 1 };
  const equals = argument.indexOf("=");
  if (equals < 1) {
    report(bound, origin, `found ${quote(argument)}, expected PARAMETER=VALUE such as region=us`);
    return;
  }
  setParameter(models, argument.slice(0, equals), argument.slice(equals + 1), "given", origin, bound);
}

/** An unqualified parameter is set in every model that has it. */
function setParameter(
  models: readonly Model[],
  key: string,
  value: string,
  how: "given" | "site",
  origin: Origin,
  bound: Bound,
): void {
  const slash = key.indexOf("/");
  const name = key.slice(slash + 1);
  const chosen = slash < 0 ? models : models.filter((model) => model.name === key.slice(0, slash));
  if (chosen.length === 0) {
    report(bound, origin, unknownWord("model", key.slice(0, Math.max(0, slash)), names(models)));
    return;
  }
  let known = false;
  for (const model of chosen) {
    const parameter = model.parameters.find((candidate) => candidate.name === name);
    if (parameter === undefined) continue;
    known = true;
    const why = wrongValue(parameter, value);
    if (why !== null) report(bound, origin, `${name}: ${why}`);
    else bound.parameters.get(model.name)?.set(name, { value, how });
  }
  if (!known) {
    const candidates = [...new Set(chosen.flatMap((model) => names(model.parameters)))];
    report(bound, origin, unknownWord("parameter", name, candidates));
  }
}
