/** A conversation as the judge sees it: its ends, its flows, and what was said in them, read once from the columns. */
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import * as C from "../observe/conversations.ts";
import {
  addressText,
  type FlowView,
  INITIATOR_BY,
  type InitiatorBy,
  OUTCOMES,
  transportName,
} from "../observe/flow-view.ts";
import type { ConversationOutcome, FrameRef } from "../report/result.ts";
import { AlikeFlows, fieldsOf } from "./alike-flows.ts";
import type { Cast, Played } from "./cast.ts";
import { framesOf } from "./flow-frames.ts";
import { readFlow, type SubjectFlow } from "./subject-flow.ts";

export interface Subject {
  conversation: number;
  realm: number;
  realmName: string;
  family: number;
  initiator: string;
  responder: string;
  /** All addresses of the initiator that the site knows: one host may have several. */
  addresses: ReadonlySet<string>;
  /** The same of the responder, for when the two are exchanged; null: those that its roles say. */
  farAddresses: ReadonlySet<string> | null;
  initiatorRoles: readonly Played[];
  responderRoles: readonly Played[];
  transport: string;
  proto: number;
  port: number | null;
  /** The initiator's port of the first flow: a datagram's two ports may both be documented. */
  otherPort: number | null;
  app: string | null;
  serverName: string | null;
  by: InitiatorBy;
  /** Rules cover it whichever end opened it, so that nobody has to say which one did. */
  eitherOpens: boolean;
  /** Judged by ports alone: only rules that take any application count. */
  goesByPort: boolean;
  outcome: ConversationOutcome;
  flows: SubjectFlow[];
  /** Where it goes through a proxy: whom that was asked for, and where. */
  through?: { host: string; frames: readonly FrameRef[] };
}

/** A list with one more: the first makes a list of one, where a push makes room for 17. */
export function added<Value>(list: Value[], value: Value): Value[] {
  if (list.length === 0) return [value];
  list.push(value);
  return list;
}

const NO_MODELS_FIELDS = fieldsOf([]);

/** `fields`: those that rules look at, by which flows of the same kind are told apart. */
export function readSubject(
  all: C.Conversations,
  conversation: number,
  cast: Cast,
  fields: ReadonlySet<string> = NO_MODELS_FIELDS,
): Subject {
  const row = all.rows(conversation);
  const at = all.at(conversation);
  const app = (row[at + C.C_PORT_APP]! >>> 16) & 0xff;
  const key: Key = {
    conversation,
    meta: row[at + C.C_META]!,
    initiator: row[at + C.C_INITIATOR]!,
    responder: row[at + C.C_RESPONDER]!,
    port: row[at + C.C_PORT_APP]! & 0xffff,
    app: app === 0 ? null : all.seen.decoders[app - 1]!.id,
    serverName: nameOf(all, conversation),
    by: INITIATOR_BY[row[at + C.C_PORT_APP]! >>> 24]!,
    outcome: OUTCOMES[all.outcome(conversation)]!,
  };
  const view = all.view();
  let flows: SubjectFlow[] = [];
  let otherPort: number | null = null;
  let alike: AlikeFlows | null = null;
  const leaders: Leaders = new Map();
  const isTold = isToldElsewhere(all, conversation, view);
  for (const flow of all.flowsOf(conversation)) {
    view.move(flow);
    if (isTold && view.flows === 0) continue;
    const { dir } = view.initiator();
    otherPort ??= view.port(dir);
    const one = readHearing(all, view, dir, key, cast);
    one.leads = readLeads(all, view, key, cast, leaders);
    one.session = readSession(all, flow, cast);
    if (alike === null && flows.length === LIMITS.conversationFlows) alike = new AlikeFlows(fields);
    if (alike === null || alike.isNew(one)) flows = added(flows, one);
  }
  if (alike !== null) {
    flows.push(...alike.last());
    if (alike.overflowed) {
      all.seen.caps.hit("conversationFlows");
      flows.at(-1)!.cut ??= "conversationFlows";
    }
  }
  return subjectOf(all, cast, key, otherPort, flows);
}

/** Some of its rows only tell what was said in others (`observe/departed.ts`), and nothing by themselves: they have no packets. */
function isToldElsewhere(all: C.Conversations, conversation: number, view: FlowView): boolean {
  if (all.seen.flows.weights.size === 0) return false;
  for (const flow of all.flowsOf(conversation)) if (view.move(flow).flows > 0) return true;
  return false;
}

/** A conversation's key, or that of one flow by itself. */
export interface Key {
  conversation: number;
  /** As `R.META`; addresses as in the flow's row. */
  meta: number;
  initiator: number;
  responder: number;
  port: number;
  app: string | null;
  serverName: string | null;
  by: InitiatorBy;
  outcome: ConversationOutcome;
}

function subjectOf(
  all: C.Conversations,
  cast: Cast,
  key: Key,
  otherPort: number | null,
  flows: SubjectFlow[],
): Subject {
  const { seen } = all;
  const { conversation, meta, app, serverName, by, outcome } = key;
  const family = (meta >>> 8) & 0xff;
  const realm = meta >>> 16;
  const realmName = seen.realms[realm] ?? "";
  const transport = transportName(meta);
  const ported = transport === "tcp" || transport === "udp" || transport === "sctp";
  const initiatorRoles = cast.rolesOf(realmName, family, key.initiator, seen.flows.ipv6);
  const initiator = addressText(seen.flows.ipv6, family, key.initiator);
  const responderRoles = cast.rolesOf(realmName, family, key.responder, seen.flows.ipv6);
  const responder = addressText(seen.flows.ipv6, family, key.responder);
  return {
    conversation,
    addresses: addressesOf(initiator, initiatorRoles),
    farAddresses: null,
    realm,
    realmName,
    family,
    initiator,
    responder,
    initiatorRoles,
    responderRoles,
    transport,
    proto: meta & 0xff,
    port: ported ? key.port : null,
    otherPort: ported ? otherPort : null,
    app,
    serverName,
    by,
    eitherOpens: false,
    goesByPort: false,
    outcome,
    flows,
  };
}

function nameOf(all: C.Conversations, conversation: number): string | null {
  const name = all.word(conversation, C.C_NAME);
  return name === 0 ? null : all.serverNames[name - 1]!;
}

/** A flow, and where it asks everybody who answered. */
function readHearing(all: C.Conversations, view: FlowView, dir: 0 | 1, key: Key, cast: Cast): SubjectFlow {
  const flow = readFlow(all, view, dir, key);
  if (!view.isGroup(dir === 0 ? 1 : 0)) return flow;
  const { seen } = all;
  const realm = seen.realms[view.realm] ?? "";
  const other = all.view();
  const hear = (word: number, frames: readonly FrameRef[]): void => {
    const address = addressText(seen.flows.ipv6, other.family, word);
    heard.set(address, { address, roles: cast.rolesOf(realm, other.family, word, seen.flows.ipv6), frames });
  };
  const heard = new Map<string, NonNullable<SubjectFlow["heard"]>[number]>();
  for (const { flow: from, answer } of all.heard.get(view.flow) ?? [])
    hear(other.move(from).address(answer.dir), framesOf(answer, "an answer to it"));
  const told = new Set(all.heard.get(view.flow)?.map(({ flow: from }) => from));
  for (const from of all.answeredBy.get(view.flow) ?? []) {
    other.move(from);
    const sender = ([0, 1] as const).find((d) => other.packets(d) > 0 && other.address(d) !== view.address(dir));
    if (sender === undefined || told.has(from)) continue;
    const frame = { capture_id: other.capture(sender), frame: other.frame(sender), what: "an answer to it" };
    hear(other.address(sender), [frame]);
  }
  flow.heard = [...heard.values()];
  return flow;
}

/** By flow: what others of the conversation belong to, read once, because a question to everybody may have thousands of answers. */
type Leaders = Map<number, Subject>;

/** A flow that another one led to: see `SubjectFlow.leads`. `view` is left where it was. */
function readLeads(all: C.Conversations, view: FlowView, key: Key, cast: Cast, leaders: Leaders): SubjectFlow["leads"] {
  const fold = all.folds.get(view.flow) ?? all.answersTo.get(view.flow);
  if (fold !== undefined) {
    const leader = all.view().move(fold.into);
    const { dir } = leader.initiator();
    const within = all.folds.has(view.flow) ? key : ownKey(all, leader, all.of[fold.into]!);
    const own = ownKey(all, view, key.conversation);
    const there = view.initiator().dir;
    let led = leaders.get(fold.into);
    if (led === undefined) {
      led = subjectOf(all, cast, within, leader.port(dir), [readHearing(all, leader, dir, within, cast)]);
      leaders.set(fold.into, led);
    }
    return {
      own: subjectOf(all, cast, own, view.port(there), [readFlow(all, view, there, own)]),
      within: led,
      because: framesOf(fold.sighting, "the message that led to it"),
    };
  }
  const app = view.app === 0 ? null : all.seen.decoders[view.app - 1]!.id;
  if (app === key.app) return null;
  // What prepared the flow for another application, which the flow is named by.
  const { dir } = view.initiator();
  const whole = { ...key, app, serverName: nameOf(all, all.of[view.flow]!), conversation: all.of[view.flow]! };
  return {
    own: subjectOf(all, cast, key, view.port(dir), [readFlow(all, view, dir, key)]),
    within: subjectOf(all, cast, whole, view.port(dir), [readFlow(all, view, dir, whole)]),
    because: [],
  };
}

/** The session that may have agreed on this flow where nobody can read it. */
function readSession(all: C.Conversations, flow: number, cast: Cast): Subject | null {
  const session = all.hiddenChannels.get(flow);
  if (session === undefined) return null;
  const view = all.view().move(session);
  const { dir } = view.initiator();
  const key = { ...ownKey(all, view, all.of[session]!), serverName: nameOf(all, all.of[session]!) };
  return subjectOf(all, cast, key, view.port(dir), [readFlow(all, view, dir, key)]);
}

/** A folded flow's key, had it not folded. */
function ownKey(all: C.Conversations, view: FlowView, conversation: number): Key {
  const { dir, by } = view.initiator();
  const back = dir === 0 ? 1 : 0;
  return {
    conversation,
    meta: view.row[view.at + R.META]!,
    initiator: view.address(dir),
    responder: view.address(back),
    port: view.port(back),
    app: view.app === 0 ? null : all.seen.decoders[view.app - 1]!.id,
    serverName: null,
    by,
    outcome: OUTCOMES[all.flowOutcome(view, dir)]!,
  };
}

/** The same set each time for an address and its roles: who plays one mostly has many conversations. */
export function addressesOf(address: string, roles: readonly Played[]): ReadonlySet<string> {
  if (roles.length === 0) return new Set([address]);
  const known = ADDRESSES.get(address);
  if (known?.roles === roles) return known.all;
  const all = findAddresses(address, roles);
  if (ADDRESSES.size >= MOST_ADDRESSES) ADDRESSES.clear();
  ADDRESSES.set(address, { roles, all });
  return all;
}
const ADDRESSES = new Map<string, { roles: readonly Played[]; all: ReadonlySet<string> }>();
const MOST_ADDRESSES = 16_384;

function findAddresses(address: string, roles: readonly Played[]): ReadonlySet<string> {
  const all = new Set([address]);
  for (const { host } of roles) {
    if (!host.host.single) continue;
    for (const range of host.host.addresses) if (range.first === range.last) all.add(range.text);
  }
  return all;
}
