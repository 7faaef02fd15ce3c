/**
 * What passes through a proxy that the site has bound: the leg to it is judged by what was asked of the proxy, the far
 * end of a CONNECT tunnel or the server of an absolute URI. A leg that shows neither is ignored.
 *
 * The proxy looks the names up, so the far end's address is in no packet of this leg: the name that was asked for is all
 * there is, and the only evidence.
 */
import { parseAddress } from "../address.ts";
import type { Sighting } from "../decode/facts.ts";
import { PROXY_ROLE } from "../model/load.ts";
import type { Verdict } from "../report/result.ts";
import type { Judgement, Judges } from "./judge.ts";
import { judgeConversation } from "./readings.ts";
import type { Subject } from "./subject.ts";
import { framesOf, type SubjectFlow } from "./subject-flow.ts";

interface Inside {
  flow: SubjectFlow;
  /** The request that names the far end. */
  asked: Sighting;
  host: string;
  port: number;
  /** Behind CONNECT, what shows itself there, or null; else HTTP. */
  app: string | null;
}

/** Destinations judged of one flow; more of them would be a proxy's own client, and say nothing new. */
const MOST_INSIDE = 64;

/** Worst first, as flows of one conversation count. */
const WORST: readonly Verdict[] = ["violation", "undocumented", "inconclusive", "documented", "ignored", "unrelated"];

/** The judgement of a leg to a bound proxy; null where the far end is none. */
export function judgeLeg(subject: Subject, judges: Judges): Judgement | null {
  const isLeg = subject.responderRoles.some(({ role, model }) => isProxy(role, model, judges));
  if (!isLeg || subject.transport !== "tcp") return null;
  const results = subject.flows
    .flatMap(insideOf)
    .map((inside) => judgeConversation(innerSubject(subject, inside), judges));
  if (results.length === 0) return leg(subject);
  const worst = WORST.flatMap((verdict) => results.filter((result) => result.verdict === verdict))[0]!;
  return {
    ...worst,
    subject,
    reason: `through the proxy: ${worst.reason}`,
    documentedBy: worst.verdict === "documented" ? results.flatMap((result) => result.documentedBy) : [],
    uses: results.flatMap((result) => result.uses),
    against: results.flatMap((result) => result.against),
  };
}

export function isProxy(role: string, model: string, judges: Judges): boolean {
  return role === PROXY_ROLE && model !== judges.context.backgroundName;
}

/** What a flow's requests ask the proxy for, each destination once. */
function insideOf(flow: SubjectFlow): Inside[] {
  const found = new Map<string, Inside>();
  for (const asked of flow.sightings) {
    const { fact } = asked;
    if (fact.kind !== "field" || (fact.field !== "http.connect" && fact.field !== "http.absolute")) continue;
    const text = String(fact.value);
    const colon = text.lastIndexOf(":");
    if (found.has(text) || colon < 1 || found.size === MOST_INSIDE) continue;
    const inside = { asked, host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
    if (fact.field === "http.absolute") found.set(text, { ...inside, app: "http", flow: named(flow, inside) });
    else found.set(text, { ...inside, ...tunnel(flow, inside) });
  }
  return [...found.values()];
}

/** Behind CONNECT: what shows itself there speaks first. A refusal by the proxy means that it never came up. */
function tunnel(flow: SubjectFlow, inside: Omit<Inside, "flow" | "app">): Pick<Inside, "flow" | "app"> {
  const shown = flow.sightings.find(({ fact }) => fact.kind === "inner");
  const refused = flow.sightings.find(({ fact }) => fact.kind === "fault" && fact.what === "http-status");
  const whole = named(flow, inside);
  if (shown?.fact.kind === "inner") {
    const rest = whole.sightings.filter((sighting) => sighting !== shown);
    return { app: shown.fact.app, flow: { ...whole, sightings: [shown, ...rest] } };
  }
  if (refused === undefined) return { app: null, flow: whole };
  const coming = framesOf(refused, "the proxy refuses");
  return { app: null, flow: { ...whole, outcome: "failed", hasData: false, coming } };
}

/** The flow with the one name that this request asks for, and no other. */
function named(flow: SubjectFlow, { asked, host }: Omit<Inside, "flow" | "app">): SubjectFlow {
  const rest = flow.sightings.filter(({ fact }) => fact.kind !== "name" || fact.source === "certificate");
  const name: Sighting = { ...asked, fact: { kind: "name", source: "http-host", name: host.toLowerCase() } };
  return { ...flow, firstWords: "heard", sightings: [...rest, name] };
}

function innerSubject(subject: Subject, { flow, host, port, app }: Inside): Subject {
  const address = parseAddress(host) === null ? "" : host;
  return {
    ...subject,
    responder: address,
    responderRoles: [],
    farAddresses: new Set(address === "" ? [] : [address]),
    port,
    app,
    serverName: address === "" ? host.toLowerCase() : null,
    flows: [flow],
  };
}

function leg(subject: Subject): Judgement {
  return {
    subject,
    flipped: false,
    verdict: "ignored",
    code: "proxy-leg",
    reason: "the leg to the bound proxy; nothing in it tells where it goes",
    use: null,
    documentedBy: [],
    uses: [],
    clauses: [],
    support: subject.flows.flatMap((flow) => flow.opening),
    against: [],
    unlisted: 0,
    nearest: null,
    expectation: null,
    found: null,
  };
}
