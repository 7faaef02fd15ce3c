/**
 * What a flow asks a proxy for: the far end of a CONNECT, the server of an absolute URI, the target of a SOCKS request.
 * Each is made a flow of its own, as if there were no proxy, with what was said behind its consent.
 *
 * Two names may be said of one tunnel: that which the proxy was asked for, and that which the client sends inside. Where
 * they differ nobody can say which of them is meant (`whomClause` holds them against each other).
 */
import { parseAddress } from "../address.ts";
import { ASKING_FIELDS, type Sighting } from "../decode/facts.ts";
import { type Handshake, openSoFar } from "../observe/handshake.ts";
import type { FrameRef } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import { framesOf } from "./flow-frames.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

export interface Asked {
  /** In lower case: a name, or an address without brackets. */
  host: string;
  port: number;
  /** What shows itself there; null where nothing does. */
  app: string | null;
  /** Frames of the requests that ask for it. */
  frames: FrameRef[];
  flow: SubjectFlow;
}

export interface Leg {
  asked: Asked[];
  /** The requests that ask for nothing beyond: they are for the host that they were sent to. Null where there are none. */
  own: SubjectFlow | null;
}

/** Destinations told apart in one flow: more of them count as requests of its own, which no proxy's rule covers. */
const MOST_ASKED = 64;

interface Request {
  kind: "connect" | "absolute" | "socks" | null;
  /** `host:port`; empty where it asks for nothing beyond. */
  target: string;
  field: Sighting | null;
  /** What was said with it, in it and in answer to it. */
  said: Sighting[];
}

/** Null where the flow asks for nothing beyond the host that it goes to. */
export function readLeg(flow: SubjectFlow): Leg | null {
  if (!flow.sightings.some((sighting) => fieldOf(sighting, flow) !== null)) return null;
  const byTarget = new Map<string, Request[]>();
  for (const request of requestsOf(flow)) {
    const known = byTarget.size < MOST_ASKED || byTarget.has(request.target);
    const key = known ? `${request.kind} ${request.target}` : "null ";
    byTarget.set(key, [...(byTarget.get(key) ?? []), request]);
  }
  const asked: Asked[] = [];
  let own: SubjectFlow | null = null;
  for (const requests of byTarget.values()) {
    const said = requests.flatMap((request) => request.said);
    const [{ kind, target }] = requests as [Request];
    const colon = target.lastIndexOf(":");
    if (kind === null || colon < 1) {
      own = { ...flow, sightings: said };
      continue;
    }
    const host = target
      .slice(0, colon)
      .replace(/^\[|\]$/g, "")
      .toLowerCase();
    const frames = requests.flatMap(({ field }) => framesOf(field!, `asks the proxy for ${target}`));
    const inside = kind === "absolute" ? forwarded(flow, said, frames) : tunnelled(flow, said, frames);
    asked.push({ host, port: Number(target.slice(colon + 1)), frames, ...named(inside, host, requests[0]!.field!) });
  }
  return { asked, own };
}

/** The conversation with whom was asked for, as if there were no proxy. */
export function subjectBeyond(subject: Subject, { host, port, app, flow, frames }: Asked, cast: Cast): Subject {
  const isAddress = parseAddress(host) !== null;
  return {
    ...subject,
    responder: host,
    responderRoles: isAddress ? cast.ofText(subject.realmName, host) : cast.ofName(subject.realmName, host),
    farAddresses: new Set(isAddress ? [host] : []),
    port,
    app,
    serverName: isAddress ? null : host,
    through: { host, frames },
    flows: [flow],
  };
}

function fieldOf({ fact, dir }: Sighting, flow: SubjectFlow): Request["kind"] {
  return fact.kind === "field" && dir === flow.there ? (ASKING_FIELDS[fact.field] ?? null) : null;
}

/** Requests in order, each with what answers it; what follows the consent to a CONNECT belongs to that. */
function requestsOf(flow: SubjectFlow): Request[] {
  const requests: Request[] = [];
  let answering = 0;
  let inTunnel = false;
  for (const sighting of flow.sightings) {
    const { fact, dir } = sighting;
    const last = requests.at(-1);
    inTunnel ||= last?.kind === "socks" || (fact.kind === "inner" && last?.kind === "connect");
    if (dir === flow.there && fact.kind === "role" && !inTunnel)
      requests.push({ kind: null, target: "", field: null, said: [] });
    const asks = fieldOf(sighting, flow);
    const request = inTunnel || dir === flow.there ? requests.at(-1) : (requests[answering] ?? requests.at(-1));
    if (request === undefined) continue;
    request.said.push(sighting);
    if (asks !== null && request.kind === null) {
      Object.assign(request, { kind: asks, target: String((fact as { value: unknown }).value), field: sighting });
    }
    if (!inTunnel && dir !== flow.there && fact.kind === "message") answering++;
  }
  return requests;
}

/** Statuses by which a proxy itself may say that it did not get there, or would not go (RFC 9110, 7725). */
const NOT_REACHED: readonly number[] = [403, 407, 451, 502, 503, 504];

/** An absolute URI: the proxy asks for it and passes the answer on. */
function forwarded(flow: SubjectFlow, said: Sighting[], frames: FrameRef[]): Pick<Asked, "app" | "flow"> {
  const answers = statusesOf(said, flow);
  const good = answers.find(({ status }) => !NOT_REACHED.includes(status));
  const answer = good ?? answers[0];
  return {
    app: "http",
    flow: {
      ...cameTo(flow, answer, good !== undefined),
      sightings: said.filter(({ fact }) => fact.kind !== "name" || fact.source === "certificate"),
      firstWords: "heard",
      words: frames,
    },
  };
}

/** A tunnel: what is in it shows itself, or shows that it is nothing that is read here. */
function tunnelled(flow: SubjectFlow, said: Sighting[], frames: FrameRef[]): Pick<Asked, "app" | "flow"> {
  const inner = said.findIndex(({ fact }) => fact.kind === "inner");
  const asking = said.find((sighting) => fieldOf(sighting, flow) === "socks")?.fact;
  const socks = asking !== undefined;
  const behind = asking?.kind === "field" && asking.field === "http.socks" ? "http" : "tls";
  const content = socks ? said : inner < 0 ? [] : said.slice(inner);
  const first = content[0]?.fact;
  const refused = said.find(
    ({ fact, dir }) => fact.kind === "fault" && fact.what === "socks-refused" && dir !== flow.there,
  );
  const nothing = refused !== undefined || (behind === "tls" && flow.handshake === null);
  const app = socks ? (nothing ? null : behind) : first?.kind === "inner" ? first.app : null;
  const other = said.find(
    ({ fact, dir }) => fact.kind === "field" && fact.field === "http.tunnel" && dir === flow.there,
  );
  const words = other ?? content.find(({ fact, dir }) => dir === flow.there && fact.kind === "role");
  const answers = statusesOf(said, flow);
  const granted = answers.find(({ status }) => status < 300);
  const spoken = content.find(({ fact, dir }) => dir !== flow.there && fact.kind === "role");
  const proof = granted ?? (spoken === undefined ? undefined : { status: 200, sighting: spoken });
  const answer = proof ?? answers[0] ?? answerOf(refused);
  const handshake = app !== "tls" ? null : socks ? flow.handshake : handshakeIn(content, flow);
  return {
    app,
    flow: {
      ...cameTo(flow, answer, proof !== undefined),
      sightings: proof === undefined && answers[0] !== undefined ? [...content, refusalOf(answers[0])] : content,
      firstWords: answer !== undefined && proof === undefined ? "none" : words === undefined ? "missing" : "heard",
      words: words === undefined ? [] : framesOf(words, "the client's first words in the tunnel"),
      before: [...frames, ...answers.flatMap(({ sighting }) => framesOf(sighting, "the proxy's answer"))],
      unknownContent: app === null && other !== undefined,
      hasData: proof !== undefined,
      handshake,
      ...(handshake?.state === "alert" ? { outcome: "failed" as const } : {}),
    },
  };
}

function answerOf(refused: Sighting | undefined): Answer | undefined {
  return refused?.fact.kind === "fault" ? { status: refused.fact.code, sighting: refused } : undefined;
}

/** A proxy's answer to CONNECT that is no consent, as a fault of what it was asked for. */
function refusalOf({ status, sighting }: Answer): Sighting {
  return { ...sighting, fact: { kind: "fault", what: "proxy-status", code: status, text: "" } };
}

/** What became of the TLS inside, as far as its messages say; that an end left is not told apart from what was not read. */
function handshakeIn(content: readonly Sighting[], flow: SubjectFlow): Handshake | null {
  const speaks =
    (there: boolean) =>
    (one: Sighting): boolean =>
      (one.dir === flow.there) === there;
  const isUp = (there: boolean): boolean => content.filter(speaks(there)).some(({ fact }) => fact.kind === "up");
  for (const sighting of content) {
    const { fact, dir } = sighting;
    if (fact.kind !== "fault" || fact.what !== "tls-alert" || isUp(dir === flow.there)) continue;
    const by = dir === flow.there ? "client" : "server";
    const greeted = content.filter(speaks(false)).some((one) => one.fact.kind === "role");
    return { state: "alert", by, fault: fact, sighting, afterFlight: greeted && by === "client", instead: null };
  }
  return isUp(true) ? { state: "up" } : openSoFar(flow.unfinished);
}

interface Answer {
  status: number;
  sighting: Sighting;
}

function statusesOf(said: readonly Sighting[], flow: SubjectFlow): Answer[] {
  return said.flatMap((sighting) => {
    const { fact, dir } = sighting;
    return fact.kind === "field" && fact.field === "http.status" && dir !== flow.there && Number(fact.value) >= 200
      ? [{ status: Number(fact.value), sighting }]
      : [];
  });
}

/** How far it came beyond the proxy. Without an answer that could be anything: a part of the capture may lack it. */
function cameTo(flow: SubjectFlow, answer: Answer | undefined, good: boolean): SubjectFlow {
  if (flow.outcome !== "established" && flow.outcome !== "answered") return flow;
  if (answer === undefined) return { ...flow, outcome: "one-way" };
  const frames = framesOf(
    answer.sighting,
    good ? "an answer from beyond the proxy" : `the proxy answers ${answer.status}`,
  );
  return { ...flow, outcome: good ? flow.outcome : "failed", coming: [...flow.coming, ...frames] };
}

/** The name that was asked for, unless the client sends one inside; an address is no name. */
function named({ app, flow }: Pick<Asked, "app" | "flow">, host: string, field: Sighting): Pick<Asked, "app" | "flow"> {
  const sends = flow.sightings.some(
    ({ fact, dir }) => fact.kind === "name" && fact.source !== "certificate" && dir === flow.there,
  );
  if (sends || parseAddress(host) !== null) return { app, flow };
  const name: Sighting = { ...field, fact: { kind: "name", source: "http-host", name: host } };
  return { app, flow: { ...flow, sightings: [...flow.sightings, name] } };
}
