/**
 * Who looks like which role: hosts that do what the document says of one role alone.
 *
 * A sign is a connection of a host's own that came up and that a rule covers but for who opened it. It singles a role out
 * where no rule of another role covers it too, and its destination was proved by a name of the vendor's own: an office's
 * browsers ask for time servers, code hosting and update services as well. One such sign may be chance (somebody reads
 * the vendor's web pages); a second one that fits the same role makes it an inference. Signs of two roles are a conflict,
 * which is told and never used.
 */

import { parseAddress } from "../address.ts";
import { FACT_BITS } from "../decode/details.ts";
import { ASKING_FIELDS } from "../decode/facts.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import type { Binding } from "../model/bind.ts";
import { SHARED_HOSTING } from "../model/shared-hosting.ts";
import type { Endpoint, Model, Rule } from "../model/types.ts";
import * as C from "../observe/conversations.ts";
import { addressText, FlowView } from "../observe/flow-view.ts";
import { flowsSaying } from "../observe/said.ts";
import type { FrameRef } from "../report/result.ts";
import type { Cast, Played } from "./cast.ts";
import { coveredBut, type JudgeContext, type LoadedModel } from "./cover.ts";
import { registrable } from "./domains.ts";
import { readLeg, subjectBeyond } from "./proxied.ts";
import { readSubject, type Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { candidatesOf } from "./wanted.ts";

/** `high`: several signs of this role alone; `medium`: one, and another that fits; `low`: told, never used. */
export type Confidence = "high" | "medium" | "low";

export interface Sign {
  rule: string;
  /** Host or address of the document, and what the client was seen to do with it. */
  member: string;
  says: string;
  frame: FrameRef | null;
  /** All roles of the model that it fits. */
  roles: ReadonlySet<string>;
}

export interface Likeness {
  realm: string;
  address: string;
  model: string;
  role: string;
  confidence: Confidence;
  signs: readonly Sign[];
  /** Other roles of the model that its signs speak for; where there are any, nothing is inferred. */
  others: readonly string[];
}

interface Suspect {
  realm: string;
  address: string;
  loaded: LoadedModel;
  /** By member of an endpoint and what fits: one sign of a kind is enough. */
  signs: Map<string, Sign>;
}

/**
 * Hosts that look like roles, in address order. What plays a role already is looked at as well; a proxy is not, whoever
 * called it one. `onlyOpen`: leaves out hosts in whose models nothing could speak for a role that they do not play already, and
 * strangers where all roles are bound: for them nothing is inferred and nothing said, unless somebody is absent whom they look like.
 */
export function likenesses(
  all: C.Conversations,
  models: readonly LoadedModel[],
  context: JudgeContext,
  onlyOpen = false,
): Likeness[] {
  const suspects = new Map<string, Suspect>();
  // Whose names are whose is asked only where a name proved something.
  const ownOf = memo((loaded: LoadedModel) => ownEndpoints(loaded.model));
  const mayTell = memo((name: number) => models.some(({ index }) => index.knowsName(all.serverNames[name - 1]!)));
  const documented = (family: number, word: number): boolean =>
    models.some(({ index }) =>
      family === 4 ? index.knowsIpv4(word) : index.knowsAddress(addressText(all.seen.flows.ipv6, family, word)),
    );
  for (let c = 0; c < all.count; c++) {
    const row = all.rows(c);
    const at = all.at(c);
    if (!all.isOpenerSaid(c)) continue;
    const name = row[at + C.C_NAME]!;
    const family = (row[at + C.C_META]! >>> 8) & 0xff;
    if (!(name !== 0 && mayTell(name)) && !documented(family, row[at + C.C_RESPONDER]!)) continue;
    const realm = all.seen.realms[row[at + C.C_META]! >>> 16] ?? "";
    const played = context.cast.rolesOf(realm, family, row[at + C.C_INITIATOR]!, all.seen.flows.ipv6);
    const open = onlyOpen ? models.filter((loaded) => isOpen(loaded, played, context.cast)) : models;
    if (open.length === 0) continue;
    const subject = readSubject(all, c, context.cast);
    for (const loaded of open) addSigns(suspects, loaded, ownOf, subject, context, all.seen.caps);
  }
  const passing = suspects.size > 0 ? passersOn(all) : new Set();
  const found = [...suspects.values()]
    .filter(({ realm, address }) => !passing.has(`${realm}|${address}`))
    .flatMap(weigh);
  return found.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

/** The roles of a model that could be told by what they open. */
const openers = memo(({ model }: LoadedModel): ReadonlySet<string> => {
  const roles = new Set<string>();
  for (const { from, to, requirement } of model.rules) {
    if (from.kind !== "role" || to.kind !== "endpoint") continue;
    if (requirement !== "forbidden" && requirement !== "retired") roles.add(from.role);
  }
  return roles;
}, new WeakMap());

/** Whether what it opens could still speak for a role: one that it does not play, or, of a host that plays none, one that nobody is bound to. */
function isOpen(loaded: LoadedModel, played: readonly Played[], cast: Cast): boolean {
  const { name } = loaded.model;
  const own = played.filter(({ model }) => model === name);
  for (const role of openers(loaded))
    if (own.length === 0 ? !cast.isBound(name, role) : !own.some((one) => one.role === role)) return true;
  return false;
}

const orderOf = ({ model, role, realm, address }: Likeness): string => [model, role, realm, address].join("\0");

function addSigns(
  suspects: Map<string, Suspect>,
  loaded: LoadedModel,
  ownOf: (loaded: LoadedModel) => ReadonlySet<string>,
  subject: Subject,
  context: JudgeContext,
  caps: CapCounter,
): void {
  for (const { of, flow } of subject.flows.flatMap((one) => asIfDirect(subject, one, context.cast))) {
    const fits = new Map<string, Sign>();
    // What covers it shares its port, and the name or address that shows whom it is with.
    for (const { rule } of candidatesOf(loaded, of, flow, context)) {
      const { from, to, requirement } = rule;
      if (from.kind !== "role" || to.kind !== "endpoint") continue;
      if (requirement === "forbidden" || requirement === "retired") continue;
      const whom = coveredBut(loaded, rule, of, flow, context);
      if (whom === null) continue;
      const byName = whom.byName === true || of.serverName !== null;
      if (byName && !ownOf(loaded).has(to.endpoint)) continue;
      const says = `${of.transport}/${of.port}: ${whom.says}`;
      const member = whom.member ?? of.responder;
      const sign: Sign = { rule: rule.id, member, says, frame: whom.support[0] ?? flow.began, roles: new Set() };
      if (!fits.has(from.role)) fits.set(from.role, sign);
    }
    if (fits.size === 0) continue;
    const roles = new Set(fits.keys());
    const key = `${subject.realmName}|${subject.initiator}|${loaded.model.name}`;
    let suspect = suspects.get(key);
    if (suspect === undefined) {
      if (suspects.size >= LIMITS.likeHosts) {
        caps.hit("likeHosts");
        return;
      }
      suspect = { realm: subject.realmName, address: subject.initiator, loaded, signs: new Map() };
      suspects.set(key, suspect);
    }
    for (const sign of fits.values()) {
      const kind = `${sign.member} ${[...roles].sort().join()}`;
      if (!suspect.signs.has(kind)) suspect.signs.set(kind, { ...sign, roles });
    }
  }
}

/** What a flow asks for, of its own far end or through it. */
function asIfDirect(subject: Subject, flow: SubjectFlow, cast: Cast): { of: Subject; flow: SubjectFlow }[] {
  const leg = readLeg(flow);
  if (leg === null) return [{ of: subject, flow }];
  return leg.asked.map((asked) => ({ of: subjectBeyond(subject, asked, cast), flow: asked.flow }));
}

/** Who was asked to pass something on, by realm and address: what it asks for itself is others' work. */
export function passersOn({ seen }: C.Conversations): ReadonlySet<string> {
  const found = new Set<string>();
  const view = new FlowView(seen);
  for (const flow of flowsSaying(seen, "field")) {
    for (const { fact, dir } of view.move(flow).saying(FACT_BITS.field)) {
      if (fact.kind !== "field" || !(fact.field in ASKING_FIELDS)) continue;
      const far = addressText(seen.flows.ipv6, view.family, view.address(dir === 0 ? 1 : 0));
      found.add(`${seen.realms[view.realm] ?? ""}|${far}`);
      break;
    }
  }
  return found;
}

/** What a host's signs say together. */
function weigh({ realm, address, loaded, signs: all }: Suspect): Likeness[] {
  const signs = [...all.values()];
  const model = loaded.model.name;
  const alone = new Set(signs.filter(({ roles }) => roles.size === 1).flatMap(({ roles }) => [...roles]));
  const make = (role: string, confidence: Confidence, others: string[]): Likeness => ({
    ...{ realm, address, model, role, confidence, others },
    // What singles the role out comes first.
    signs: signs.filter(({ roles }) => roles.has(role)).sort((a, b) => a.roles.size - b.roles.size),
  });
  const asked = alone.size > 0 ? alone : new Set(signs.flatMap(({ roles }) => [...roles]));
  if (asked.size !== 1)
    return [...asked].map((role) =>
      make(
        role,
        "low",
        [...asked].filter((other) => other !== role),
      ),
    );
  const [role] = [...asked] as [string];
  const members = (of: readonly Sign[]): number => new Set(of.map(({ member }) => member)).size;
  const single = members(signs.filter(({ roles }) => roles.size === 1));
  const fitting = members(signs.filter(({ roles }) => roles.has(role)));
  const confidence = single >= 2 ? "high" : single === 1 && fitting >= 2 ? "medium" : "low";
  return [make(role, confidence, [])];
}

/** What would single a role out: destinations of the vendor's own that no other role of the model has. */
export function tellingRules(model: Model): Rule[] {
  const own = ownEndpoints(model);
  const rules = model.rules.filter(({ from, to }) => from.kind === "role" && to.kind === "endpoint");
  const openers = new Map<string, Set<string>>();
  const key = ({ to, over }: Rule): string => JSON.stringify([to, over.map(({ text }) => text)]);
  for (const rule of rules) {
    if (rule.from.kind !== "role") continue;
    openers.set(key(rule), (openers.get(key(rule)) ?? new Set()).add(rule.from.role));
  }
  return rules.filter(
    (rule) =>
      rule.to.kind === "endpoint" &&
      own.has(rule.to.endpoint) &&
      rule.requirement !== "forbidden" &&
      rule.requirement !== "retired" &&
      openers.get(key(rule))!.size === 1,
  );
}

/**
 * Endpoints that are the vendor's own: no pool, and each of their names in a registrable domain that holds several names
 * of the model and is no shared hosting. A single name in a domain may be anybody's (code hosting, certificates).
 */
function ownEndpoints(model: Model): ReadonlySet<string> {
  const names = new Map<string, Set<string>>();
  const domains = (endpoint: Endpoint): (string | null)[] =>
    endpoint.hosts.map(({ labels, parameter, text }) => {
      if (parameter !== null) return null;
      const domain = registrable(labels.filter((label) => !label.startsWith("*")).join("."));
      if (domain === null || SHARED_HOSTING.some((suffix) => domain === suffix || domain.endsWith(`.${suffix}`)))
        return null;
      names.set(domain, (names.get(domain) ?? new Set()).add(text));
      return domain;
    });
  const all = model.endpoints.map((endpoint) => ({ endpoint, domains: domains(endpoint) }));
  const isOwn = (domain: string | null): boolean => domain !== null && names.get(domain)!.size >= 2;
  return new Set(
    all
      .filter(({ endpoint, domains: its }) => !endpoint.pool && its.length > 0 && its.every(isOwn))
      .map(({ endpoint }) => endpoint.name),
  );
}

/** Bindings that follow from likenesses, and those. */
export interface Inferred {
  bindings: Binding[];
  used: Likeness[];
}

export const NOTHING_INFERRED: Inferred = { bindings: [], used: [] };

/** Of roles that nobody bound, the hosts that are singled out and play no other role of that model. */
export function inferredBindings(found: readonly Likeness[], cast: Cast): Inferred {
  const used = found.filter(
    ({ confidence, model, role, realm, address }) =>
      confidence !== "low" &&
      !cast.isBound(model, role) &&
      !cast.ofText(realm, address).some((played) => played.model === model),
  );
  const bindings = new Map<string, Binding>();
  for (const { model, role, realm, address } of used) {
    const { family, hex } = parseAddress(address)!;
    const addresses = [{ text: address, family, first: hex, last: hex }];
    const key = `${model}/${role}/${realm}`;
    const binding = bindings.get(key) ?? { model, role, realm, hosts: [], how: "inferred", outside: false };
    binding.hosts.push({ addresses, name: null, internet: false, single: true, text: address });
    bindings.set(key, binding);
  }
  return { bindings: [...bindings.values()], used };
}

function memo<Key, Value>(
  make: (key: Key) => Value,
  known: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown } = new Map<Key, Value>(),
): (key: Key) => Value {
  return (key) => {
    const made = known.get(key) ?? make(key);
    known.set(key, made);
    return made;
  };
}
