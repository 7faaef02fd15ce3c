/**
 * The nearest miss of an undocumented conversation: the rule that it fails by the least, and the clause that failed.
 * Only rules come into question that have something in common with it: a role of either end, in either direction, and
 * the name, the address, the port and application, or the port where the rule takes any application.
 */
import { matchesName, resolvePattern } from "../model/names.ts";
import type { Target } from "../model/types.ts";
import type { NearestMiss } from "../report/result.ts";
import type { Played } from "./cast.ts";
import { inRange } from "./endpoint-names.ts";
import { sentName } from "./sent-name.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { clausesOf, type Tried } from "./trial.ts";

/** Which failed clause to name where several failed: what a person would change first. */
const TELLING: readonly string[] = ["when", "whom", "over", "app", "who", "expect", "up"];

/** Null where no rule has anything in common with it. `tried`: all clauses of that rule. */
export function nearestMiss(
  missed: readonly Tried[],
  subject: Subject,
  flow: SubjectFlow,
): { miss: NearestMiss; tried: Tried } | null {
  let best: { tried: Tried; distance: number } | null = null;
  for (const tried of missed) {
    const common = inCommon(tried, subject, flow);
    if (common === 0) continue;
    const distance = distanceOf(tried, common, subject) - (isSibling(tried, subject, flow) ? 50 : 0);
    if (best === null || distance < best.distance) best = { tried, distance };
  }
  if (best === null) return null;
  const { tried } = best;
  const failed = clausesOf(tried).filter((clause) => clause.result === "failed");
  failed.sort((a, b) => TELLING.indexOf(a.clause) - TELLING.indexOf(b.clause));
  // What else should hold is not the question where the rest is another rule's too.
  const telling = failed.some(({ clause }) => clause !== "expect")
    ? failed.filter(({ clause }) => clause !== "expect")
    : failed;
  const says = telling.map((clause) => clause.says).join("; ");
  const miss = { model: tried.loaded.model.name, rule_id: tried.rule.id, clause: failed[0]?.clause ?? "whom", says };
  return { miss, tried };
}

/**
 * How far a rule is from covering it, as one number: how many clauses failed (one more is forgiven where the very name is
 * the rule's: another port is often another application too), then how much is shared, then whether the port is right (or
 * its number over another transport, or at least the transport), then whether the rule names the application, then how telling the clause is that
 * failed.
 */
function distanceOf(tried: Tried, common: number, subject: Subject): number {
  const failed = clausesOf(tried).filter((clause) => clause.result === "failed");
  const telling = Math.min(...failed.map((clause) => TELLING.indexOf(clause.clause)));
  const named = namesApp(tried) ? 0 : 1;
  const port =
    tried.over.result === "proved" ? 0 : sharesNumber(tried, subject) ? 10 : sharesTransport(tried, subject) ? 40 : 80;
  const forgiven = common === 3 ? 1 : 0;
  return (failed.length - forgiven) * 1_000 + (3 - common) * 100 + port + named * 20 + telling;
}

/** Another name of the same domain as one of the rule's is nearer than the rule's application or another of its ports. */
function isSibling({ rule: { to }, loaded }: Tried, { serverName }: Subject, flow: SubjectFlow): boolean {
  const name = to.kind === "endpoint" ? (sentName(flow)?.name ?? serverName) : null;
  if (name === null || to.kind !== "endpoint") return false;
  const domain = `.${name.split(".").slice(-2).join(".")}`;
  return loaded.endpoints.get(to.endpoint)!.hosts.some(({ text }) => `.${text}`.endsWith(domain));
}

/**
 * How much rule and conversation share: 0 nothing that counts, 3 the name, 2 the address, 1 the port. The very name that was
 * asked for counts whoever asked: that it is another role's host is what a person wants to know.
 */
function inCommon(tried: Tried, subject: Subject, flow: SubjectFlow): number {
  const { rule, loaded } = tried;
  const play = (roles: readonly Played[], target: Target): boolean =>
    roles.some(({ model, role }) => model === loaded.model.name && names(tried, target, role));
  const [opened, asked] = [subject.initiatorRoles, subject.responderRoles];
  // The other way round both ends have to be the rule's: that its far end opens something elsewhere is nothing in common.
  const ours = play(opened, rule.from) || play(asked, rule.to) || (play(opened, rule.to) && play(asked, rule.from));
  if (rule.to.kind === "endpoint") {
    const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
    const name = sentName(flow)?.name ?? subject.serverName;
    if (name !== null) {
      for (const pattern of endpoint.hosts) {
        const resolved = resolvePattern(pattern, loaded.parameter);
        if (resolved !== null && matchesName(resolved, name)) return 3;
      }
    }
    if (!ours) return 0;
    if (tried.whom.result === "proved") return 3;
    if (endpoint.addresses.some((range) => inRange(range, subject.responder) || inRange(range, subject.initiator)))
      return 2;
  } else if (!ours) {
    return 0;
  } else if (playsIt(tried, rule.to, subject) && isAlike(tried, subject)) {
    return 2;
  }
  // Where nothing was said the very port is what speaks for a rule of who opened it: an attempt is nearly always one of a kind.
  if (tried.app.result === "unproved")
    return tried.over.result === "proved" && tried.who.result === "proved" && sharesNumber(tried, subject) ? 1 : 0;
  if (tried.app.result !== "proved") return 0;
  if (tried.over.result === "proved") return 1;
  // The number over another transport is the rule's own only with something else of the rule.
  return sharesNumber(tried, subject) && (namesApp(tried) || tried.whom.result === "proved") ? 1 : 0;
}

/** The far end is bound to the role; that a role may be anywhere in the Internet is nothing in common. */
function playsIt({ whom, loaded }: Tried, target: Target, { responderRoles }: Subject): boolean {
  if (whom.result !== "proved" || target.kind !== "role") return false;
  return responderRoles.some(({ model, role }) => model === loaded.model.name && role === target.role);
}

/**
 * That somebody speaks to a role is next to nothing: it does so as the rule has it, or the two are the rule's own ends
 * and the transport is its own too.
 */
function isAlike(tried: Tried, subject: Subject): boolean {
  if (tried.over.result === "proved" || sharesNumber(tried, subject) || namesApp(tried)) return true;
  return tried.rule.from.kind === "role" && tried.who.result === "proved" && sharesTransport(tried, subject);
}

function namesApp({ rule, app }: Tried): boolean {
  return rule.apps !== null && app.result === "proved";
}

function sharesTransport({ rule }: Tried, subject: Subject): boolean {
  return rule.over.some(({ transport }) => transport === subject.transport || transport === "any");
}

/** The rule has this very port, over another transport. */
function sharesNumber({ rule, loaded }: Tried, { port }: Subject): boolean {
  if (port === null) return false;
  return rule.over.some(({ transport, ports }) => {
    if (transport === "ip") return false;
    return ports.some(({ first, last, parameter }) =>
      first < 0 && parameter !== null ? loaded.parameter(parameter) === String(port) : first === port && last === port,
    );
  });
}

/** The rule's end is this role, or an endpoint that the role's hosts are meant by too. */
function names({ loaded }: Tried, target: Target, role: string): boolean {
  if (target.kind === "endpoint") return loaded.endpoints.get(target.endpoint)?.role === role;
  return target.kind === "role" && target.role === role;
}
