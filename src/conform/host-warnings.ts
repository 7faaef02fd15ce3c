/**
 * What is said of hosts on the first screen: who was taken for a role and why, who was not because the signs disagree, who
 * never appeared and what looks like it, and who does the work of several roles.
 */
import { absentWords, type Cast } from "./cast.ts";
import type { Likeness } from "./infer.ts";
import { isByMac } from "./mac-hosts.ts";

/** Hosts named in one sentence. */
const NAMED = 3;
/** Sentences of one kind: beyond it they are counted. */
const SENTENCES = 5;

/** A wrong binding is the commonest mistake: it is said first, with the hosts that look like the one that is meant. */
export function absentHosts(cast: Cast, backgroundName: string | null, found: () => readonly Likeness[]): string[] {
  // Bound in every realm, it need not be in each.
  const there = new Set(
    cast.hosts.flatMap(({ host, presence }) => (presence.firstSec === Number.POSITIVE_INFINITY ? [] : [host])),
  );
  const asked = new Set(cast.hosts.flatMap(({ host, presence }) => (presence.asked ? [host] : [])));
  const absent = cast.hosts.filter(({ model, host }) => model !== backgroundName && !there.has(host));
  return absent
    .filter(({ host }, i) => absent.findIndex((one) => one.host === host) === i)
    .map(({ host, role, model, realm }) => {
      const like = found().filter(
        (one) => one.model === model && one.role === role && (realm === null || one.realm === realm),
      );
      const known = like.filter((one) => !cast.ofText(one.realm, one.address).some((played) => played.role === role));
      const unknown = isByMac(host) && host.others === undefined;
      const why = unknown ? ", and nothing in it says which IP address it has: bind that" : "";
      const absent = `${host.text}, bound to ${role}, ${absentWords(asked.has(host))}${why}`;
      return known.length === 0 ? `${absent}.` : `${absent}; what looks like ${role}: ${few(known, full)}.`;
    });
}

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
