/**
 * What to ask of whom where an attempt never came up. Where nothing passes it is a firewall's rule; where the connection
 * itself passes, whatever stopped what is inside of it is to let that through, by its name; and through a proxy it is the
 * proxy that is to allow it.
 */
import type { FaultFact } from "../decode/facts.ts";
import { describeCondition } from "../model/conditions.ts";
import type { Rule } from "../model/types.ts";
import type { LoadedModel } from "./cover.ts";
import type { RuleUse } from "./judge.ts";
import { overText } from "./over-clause.ts";
import { isDistrust, isHelloDropped, isOwn, saidInstead } from "./refusal.ts";

/** Who tried, whom, and the address that it was sent to. */
export interface Ends {
  who: string;
  whom: string;
  sentTo: string;
}

/** One sentence without its full stop, such as `allow tcp/443 from 10.20.0.5 to api.example.com (documented under Gateway)`. */
export function letThrough({ loaded, rule, flow, subject }: RuleUse, { who, whom, sentTo }: Ends): string {
  const over = overText(loaded, rule);
  const where = ` (documented under ${documentedUnder(loaded, rule)})`;
  const trust = `let ${who} trust the certificate that is shown to it`;
  const fault = flow.sightings.find(({ fact }) => fact.kind === "fault")?.fact as FaultFact | undefined;
  if (subject.through !== undefined) {
    const { host } = subject.through;
    if (fault?.what === "proxy-status" && NOT_THERE.has(fault.code))
      return `look why the proxy ${sentTo} does not get to ${host} for ${who}, and allow ${over} from it to there${where}`;
    if (fault?.what === "proxy-status" && fault.code === WANTS_NAME)
      return `give ${who} a user name and a password for the proxy ${sentTo}, or allow ${over} from it to ${host} there without them${where}`;
    const allow = `at the proxy ${sentTo}, allow ${over} from ${who} to ${host}${where}`;
    return isDistrust(flow) ? `${allow}, without TLS inspection; or ${trust}` : allow;
  }
  if (flow.outcome === "refused" && flow.reset !== null && isOwn(flow.reset))
    return `look whether anything listens on ${over} of ${whom}: the refusal came from as far away as its own answers; if so, allow ${over} from ${who} to there${where}`;
  if (flow.outcome === "unreachable" && flow.quoted === "closed")
    return `look whether anything listens on ${over} of ${whom}: the ICMP error came from its own address; if so, allow ${over} from ${who} to there${where}`;
  if (flow.outcome === "unreachable" && flow.quoted === "no-way")
    return `look whether anybody has the address of ${whom} and a route leads there, which the ICMP error denies; if so, allow ${over} from ${who} to there${where}`;
  const passing = `${subject.transport}/${subject.port} itself passes`;
  if (isHelloDropped(flow))
    return `look what drops the TLS hello of ${who} to ${whom} on the way, as filters by name do, and let it through: ${passing}${where}`;
  if (flow.outcome !== "failed") return `allow ${over} from ${who} to ${whom}${where}`;
  if (isDistrust(flow))
    return `let the connection of ${who} to ${whom} through uninspected, or ${trust}: ${passing}${where}`;
  const instead = saidInstead(flow);
  if (instead !== null)
    return `let the TLS connection of ${who} to ${whom} through at whoever answered its hello in clear (${instead}), a proxy's or a filter's page most often: ${passing}${where}`;
  if (flow.handshake !== null)
    return `let the TLS connection of ${who} to ${whom} through where something ends it, uninspected: ${passing}${where}`;
  const by = fault === undefined ? null : answerer(fault);
  if (by === null) return `allow ${over} from ${who} to ${whom}${where}`;
  return `let requests of ${who} for ${whom} through at ${by}: ${passing}${where}`;
}

/** 407, Proxy Authentication Required. */
const WANTS_NAME = 407;

/** Statuses by which a proxy says that it went and did not get there (RFC 9110 section 15.6). */
const NOT_THERE: ReadonlySet<number> = new Set([502, 503, 504]);

/** Who stood in the way of HTTP; null where it was something else. */
function answerer({ what, code, text }: FaultFact): string | null {
  if (what === "http-redirect") return `the portal or filter that sent them on to ${text}`;
  if (what !== "http-status") return null;
  return `${ANSWERERS[code] ?? "whoever"} answered HTTP ${code}`;
}

const ANSWERERS: Readonly<Record<number, string>> = {
  403: "the filter, or the far end itself, that",
  407: "the proxy on the way that",
  511: "the portal on the way that",
};

/** The first place that the rule cites, and what it holds for where the document ties it to something. */
function documentedUnder(loaded: LoadedModel, { cite: [cite], when }: Rule): string {
  const place = cite === undefined ? loaded.model.name : [cite.section, cite.item].filter(Boolean).join(" / ");
  return when === null ? place : `${place}, where ${describeCondition(when)}`;
}
