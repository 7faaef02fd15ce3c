/**
 * A rule whose destination was never tried, because its name led nowhere: it does not exist, the resolver refused or
 * failed, gave an address that nobody can mean (a sinkhole's), or did not answer.
 */
import { parseAddress } from "../address.ts";
import type { Rule } from "../model/types.ts";
import type { Lookup } from "../observe/lookups.ts";
import { type CastHost, isGlobal } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import { firstFew } from "./endpoint-names.ts";
import type { RuleReason } from "./reasons.ts";
import {
  type HostStatus,
  lookupsOf,
  notEvaluable,
  type RuleContext,
  silenceFiltered,
  silenceInLoss,
  silenceUntimed,
  wasCompleted,
} from "./rule-status.ts";

const ANSWER_WITHIN_SEC = 300;
const WAITED_SEC = 3;

/** Answers that are a refusal by the resolver's own word (RFC 1035 section 4.1.1), and what each says. */
const REFUSALS: Readonly<Record<string, string>> = {
  NXDOMAIN: "that it does not exist (NXDOMAIN)",
  REFUSED: "that it refuses to answer (REFUSED)",
  SERVFAIL: "that it could not find out (SERVFAIL)",
};

/**
 * Null where no name of the rule was asked for, or where one led somewhere. `loss`: what the capture lacks, or null.
 * `lacking`: the names that are in question, null for all.
 */
export function unresolvedStatus(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  loss: string | null,
  context: RuleContext,
  lacking: readonly string[] | null = null,
): HostStatus | null {
  const asked = lookupsOf(loaded, rule, host, context).filter(({ name }) => lacking?.includes(name) !== false);
  const answered = asked.filter(({ result }) => result === "NOERROR");
  if (answered.length > 0) return sinkholed(loaded, rule, answered, context);
  if (asked.length === 0 || asked.some(({ result }) => result === "NODATA")) return null;
  const refused = asked.find(({ result }) => result in REFUSALS);
  if (refused !== undefined && asked.some(({ name }) => wasCompleted(name, host, context))) return null;
  // A server that will not or can't say leaves it to the next one; only that no such name exists is said for good.
  const settled = refused?.result === "NXDOMAIN" || asked.reduce((sum, { count }) => sum + count, 0) > 1;
  if (refused !== undefined && settled) {
    const { client, server, result } = refused;
    const alike = asked.filter((lookup) => lookup.result === result);
    return said(
      asked,
      "name-refused",
      `${client} asked for ${namesIn(alike)} ${times(alike)}, and ${server} told it ${REFUSALS[result]}`,
      `let the resolver ${server} resolve ${namesIn(alike)} for ${client}${documented(rule)}`,
      refused,
    );
  }
  const { client, server, name, result } = asked[0]!;
  const filtered =
    result === "TIMEOUT" ? silenceFiltered(`${client} asked ${server} for ${name}`, host, context) : null;
  return filtered ?? unanswered(rule, asked, host, loss, context);
}

function said(asked: readonly Lookup[], code: RuleReason, reason: string, remedy: string, telling: Lookup): HostStatus {
  const others = asked.filter((lookup) => lookup !== telling);
  const evidence = [telling, ...others].map(({ capture, frame, name }) => ({
    capture_id: capture,
    frame,
    what: `look-up of ${name}`,
  }));
  return { status: "blocked", code, reason, remedy, evidence };
}

/** Each once, the first few. */
function namesIn(asked: readonly Lookup[]): string {
  return firstFew([...new Set(asked.map(({ name }) => name))]);
}

const times = (asked: readonly Lookup[]): string => {
  const count = asked.reduce((sum, lookup) => sum + lookup.count, 0);
  return count === 1 ? "once" : `${count} times`;
};

function documented(rule: Rule): string {
  const cite = rule.cite[0];
  return cite === undefined ? "" : ` (documented under ${[cite.section, cite.item].filter(Boolean).join(" / ")})`;
}

/** No answer to any question: blocked only where this resolver's answers to the same client are in the capture. */
function unanswered(
  rule: Rule,
  asked: readonly Lookup[],
  host: CastHost,
  loss: string | null,
  context: RuleContext,
): HostStatus {
  const lookup = asked[0]!;
  const { client, server, name, result } = lookup;
  const evidence = [{ capture_id: lookup.capture, frame: lookup.frame, what: `look-up of ${name}` }];
  if (result === "TIMEOUT" && loss !== null)
    return { ...silenceInLoss(`${client} asked ${server} for ${name}`, loss), evidence };
  if (result === "TIMEOUT" && context.coverage.setBackSec > 0)
    return { ...silenceUntimed(`${client} asked ${server} for ${name}`), evidence };
  if (result === "TIMEOUT") {
    const waited = asked.some(({ count, lastSec }) => count > 1 || context.lastSec - lastSec >= WAITED_SEC);
    const others = context.lookups.some(
      (other) =>
        other.client === client &&
        other.server === server &&
        other.realm === lookup.realm &&
        other.result !== "TIMEOUT" &&
        other.firstSec <= lookup.lastSec + ANSWER_WITHIN_SEC &&
        other.lastSec >= lookup.firstSec - ANSWER_WITHIN_SEC,
    );
    if (waited && others) {
      return said(
        asked,
        "name-refused",
        `${client} asked ${server} for ${name} ${times(asked)} without an answer, while it answered other questions`,
        `look why the resolver ${server} does not answer for ${name}${documented(rule)}`,
        lookup,
      );
    }
  }
  if (result === "TIMEOUT") {
    const seen = `${client} asked ${server} for ${name}, and no answer was captured`;
    const remedy = host.presence.bothWays
      ? `look whether the resolver ${server} answers for ${name}, and whether its answers are mirrored`
      : "mirror both directions";
    return { ...notEvaluable("name-unresolved", seen, remedy), evidence };
  }
  const reason = `${client} asked ${server} for ${name} and no address came back (${result})`;
  const remedy = `look whether the resolver ${server} can resolve ${name}`;
  return { ...notEvaluable("name-unresolved", reason, remedy), evidence };
}

/** Every answer gave addresses that lead nowhere or into a network where a public name has no business. */
function sinkholed(
  loaded: LoadedModel,
  rule: Rule,
  answered: readonly Lookup[],
  context: RuleContext,
): HostStatus | null {
  const { cast, siteHosts } = context.judges.context;
  // A name that the document itself gives is a public one; one that the site gave may stand for a host of its own.
  const given = rule.to.kind === "endpoint" ? loaded.endpoints.get(rule.to.endpoint)!.hosts : [];
  const isPublic = (name: string): boolean => given.some((host) => host.parameter === null && host.text === name);
  const meant = (lookup: Lookup, address: string): boolean =>
    (isPrivate(address) && !isPublic(lookup.name)) ||
    siteHosts[lookup.name]?.includes(address) === true ||
    cast
      .ofText(context.conversations.seen.realms[lookup.realm] ?? "", address)
      .some((played) => played.model === loaded.model.name);
  const wrong = answered.map((lookup) => {
    const addresses = lookup.answers.filter((answer) => parseAddress(answer) !== null);
    const bad = addresses.length > 0 && addresses.every((one) => sinkhole(one) !== null && !meant(lookup, one));
    return bad ? { lookup, address: addresses[0]! } : null;
  });
  const first = wrong[0];
  if (first == null || wrong.some((one) => one === null)) return null;
  const { lookup, address } = first;
  return said(
    answered,
    "sinkholed",
    `${lookup.client} asked for ${namesIn(answered)} ${times(answered)}, and ${lookup.server} answered ${address}, ${sinkhole(address)}`,
    `take ${namesIn(answered)} off the block list of ${lookup.server}${documented(rule)}; or, if the address is meant, give it under hosts: of the site file`,
    lookup,
  );
}

const isPrivate = (text: string): boolean => !NOWHERE.test(text);
const NOWHERE = /^(?:0\.0\.0\.0|127\..*|::1?)$/;

/** What an address is that no public name should have; null for any other. */
function sinkhole(text: string): string | null {
  if (text === "0.0.0.0" || text === "::") return "which is no address: as a sinkhole does";
  if (text === "::1" || text.startsWith("127.")) return "the asking host itself: as a sinkhole does";
  return isGlobal(text) ? null : "a private address: as a filtering resolver does";
}
