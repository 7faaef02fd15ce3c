/**
 * What is said of hosts on the first screen: who was taken for a role and why, who was not because the signs disagree, who
 * never appeared and what looks like it, and who does the work of several roles.
 */
import { absentWords, type Cast, type CastHost } from "./cast.ts";
import type { Coverage } from "./coverage.ts";
import type { Likeness } from "./infer.ts";
import { isByMac } from "./mac-hosts.ts";

/** Hosts named in one sentence. */
const NAMED = 3;
/** Sentences of one kind: beyond it they are counted. */
const SENTENCES = 5;

/** A wrong binding is the commonest mistake: it is said first, with the hosts that look like the one that is meant. */
export function absentHosts(
  cast: Cast,
  backgroundName: string | null,
  coverage: Coverage,
  found: () => readonly Likeness[],
): string[] {
  // Bound in every realm, it need not be in each.
  const there = new Set(
    cast.hosts.flatMap(({ host, presence }) => (presence.firstSec === Number.POSITIVE_INFINITY ? [] : [host])),
  );
  const asked = new Set(cast.hosts.flatMap(({ host, presence }) => (presence.asked ? [host] : [])));
  const absent = cast.hosts.filter(({ model, host }) => model !== backgroundName && !there.has(host));
  const each = absent.filter(({ host }, i) => absent.findIndex((one) => one.host === host) === i);
  const hosts = each.map(({ host, role, model, realm }) => {
    const like = found().filter(
      (one) => one.model === model && one.role === role && (realm === null || one.realm === realm),
    );
    const known = like.filter((one) => isSomebodyElse(one, cast));
    const unknown = isByMac(host) && host.others === undefined;
    const why = unknown ? ", and nothing in it says which IP address it has: bind that" : "";
    const absent = `${host.text}, bound to ${role}, ${absentWords(asked.has(host))}${why}`;
    const says = known.length === 0 ? `${absent}.` : `${absent}; what looks like ${role}: ${few(known, full)}.`;
    return { says, bare: known.length === 0 && !unknown, host: host.text, role, asked: asked.has(host) };
  });
  const together = [false, true].map((wasAsked) => hosts.filter((one) => one.bare && one.asked === wasAsked));
  const told = hosts.filter((one) => !together.some((some) => some.length >= SEVERAL && some.includes(one)));
  return [
    ...told.map(({ says }) => says),
    ...together.filter((some) => some.length >= SEVERAL).map((some) => absentTogether(some)),
    ...filteredOut(each, coverage),
  ];
}

/** Who never appears in what a filter let through may well be there. */
function filteredOut(absent: readonly CastHost[], coverage: Coverage): string[] {
  const filters = new Set(absent.map((host) => coverage.hides(host)).filter((filter) => filter !== null));
  const [first] = filters;
  if (first === undefined) return [];
  const more = filters.size === 1 ? "" : ` and ${filters.size - 1} more`;
  return [
    `The capture was filtered (${first}${more}), which may be why: look without the filter before you doubt a binding.`,
  ];
}

/** Nobody who plays the role already; who plays another one does what both may do, but for what is this one's alone. */
function isSomebodyElse({ realm, address, model, role, signs }: Likeness, cast: Cast): boolean {
  const played = cast.ofText(realm, address).filter((one) => one.model === model);
  return (
    played.length === 0 || (played.every((one) => one.role !== role) && signs.some(({ roles }) => roles.size === 1))
  );
}

/** From so many on hosts that never appear are told in one sentence, where nothing else is to be said of them. */
const SEVERAL = 3;
/** Of so many it is said who they are. */
const NAMED_ABSENT = 10;

function absentTogether(hosts: readonly { host: string; role: string; asked: boolean }[]): string {
  const named = hosts.slice(0, NAMED_ABSENT);
  const roles = [...new Set(named.map(({ role }) => role))].map((role) => {
    const its = named.filter((one) => one.role === role).map(({ host }) => host);
    return `${role} (${its.join(", ")})`;
  });
  const more = hosts.length > named.length ? ` and ${hosts.length - named.length} more` : "";
  return `${hosts.length} bound hosts ${ABSENT_TOGETHER[hosts[0]!.asked ? "asked" : "unasked"]}: ${roles.join(", ")}${more}.`;
}

const ABSENT_TOGETHER = {
  asked: "sent nothing that is in the capture, though packets went to them",
  unasked: "never appear in the capture",
};

/** Who plays a role that nobody bound: never used in silence. */
export function takenFor(used: readonly Likeness[]): string[] {
  const byRole = new Map<string, Likeness[]>();
  for (const one of used) byRole.set(one.role, [...(byRole.get(one.role) ?? []), one]);
  return [...byRole].map(
    ([role, all]) => `${role} is bound to no host, and by what they do are taken for it: ${few(all, full)}.`,
  );
}

/**
 * Hosts whose signs do not settle what they are, where nobody has said it. `given`: by what was bound; `cast`: also by what
 * follows from it, such as the other addresses of a bound host.
 */
export function unsettled(found: readonly Likeness[], used: readonly Likeness[], given: Cast, cast: Cast): string[] {
  const open = found.filter(
    (one) =>
      !used.includes(one) &&
      !given.isBound(one.model, one.role) &&
      !cast.ofText(one.realm, one.address).some((played) => played.model === one.model),
  );
  const hosts = new Map<string, Likeness[]>();
  for (const one of open) {
    const key = `${one.realm}|${one.address}|${one.model}`;
    hosts.set(key, [...(hosts.get(key) ?? []), one]);
  }
  const all = [...hosts.values()].map((likes) => {
    const { address } = likes[0]!;
    const roles = [...new Set([likes[0]!.role, ...likes[0]!.others])].sort().join(" or ");
    const says = [...new Set(likes.map(why))].join("; ");
    return `${address} could be ${roles}, which nothing settles (${says}): say it with --bind.`;
  });
  return all.length <= SENTENCES
    ? all
    : [...all.slice(0, SENTENCES), `${all.length - SENTENCES} more hosts could play a role, which nothing settles.`];
}

/** Who plays one role and shows the signs of another alone: several hosts behind one address, or a wrong binding. */
export function severalRoles(found: readonly Likeness[], cast: Cast): string[] {
  return found.flatMap((one) => {
    const alone = one.signs.find(({ roles }) => roles.size === 1);
    const played = cast.ofText(one.realm, one.address).filter(({ model }) => model === one.model);
    if (alone === undefined || played.length === 0 || played.some(({ role }) => role === one.role)) return [];
    return [
      `${one.address}, bound to ${played[0]!.role}, does what the document says of ${one.role} alone (${alone.says}): ` +
        "probably NAT, with several hosts behind that address.",
    ];
  });
}

function few(all: readonly Likeness[], text: (one: Likeness) => string): string {
  const named = all.slice(0, NAMED).map(text).join("; ");
  return all.length <= NAMED ? named : `${named}; and ${all.length - NAMED} more`;
}

const full = (one: Likeness): string => `${one.address} (${one.confidence} confidence: ${why(one)})`;

/** Its most telling sign. */
function why({ signs }: Likeness): string {
  const [first, ...others] = signs;
  const more = others.length === 0 ? "" : `, and ${others.length} more like it`;
  return `${first!.says}${more}`;
}
