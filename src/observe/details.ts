/** What a conversation's flows said, gathered for a report: names with their evidence, fields, operations, inner application. */

import { FACT_BITS } from "../decode/details.ts";
import type { FieldFact, Sighting } from "../decode/facts.ts";
import { hasPorts, TCP, UDP } from "../dissect/packet.ts";
import { LIMITS } from "../limits.ts";
import type { ConversationOutcome, NameEvidence, OperationRow } from "../report/result.ts";
import * as C from "./conversations.ts";
import { type DnsEvidence, isHeld } from "./dns-evidence.ts";
import { addressText, type FlowView, OUTCOMES } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { conversationOperations, operationsOf } from "./operations.ts";
import { paceOf } from "./pace.ts";

export interface ConversationDetails {
  names: NameEvidence[];
  innerApp: string | null;
  fields: Record<string, (string | number)[]>;
  operations: OperationRow[];
  outcomes: Partial<Record<ConversationOutcome, number>>;
  hint: string | null;
}

/** The field of data channels, and of answers from another port, see `folds.ts`. */
export const CHANNELS = "channels";
/** Values kept of one field. */
const MOST_VALUES = 8;
/** Flows of a conversation whose DNS evidence is looked up; their names repeat. */
const MOST_FLOWS = 64;

/** As `ConversationReader`, of one alone. */
export function readDetails(
  all: C.Conversations,
  conversation: number,
  dns: DnsEvidence,
  id: string,
): ConversationDetails {
  const { names, innerApp, fields, operations } = new ConversationReader(all, dns).read(conversation, id);
  return {
    names: names.slice(), // an array that grew has room for 17, and rows are kept
    innerApp,
    fields: fields.values,
    operations,
    outcomes: outcomesOf(all, conversation),
    hint: hintOf(all, conversation),
  };
}

/** Reads one conversation after the other: what is read of one stands here until the next. */
export class ConversationReader {
  names: NameEvidence[] = [];
  innerApp: string | null = null;
  fields: SharedFields = NO_FIELDS;
  operations: OperationRow[] = [];
  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  readonly #view: FlowView;
  readonly #told: FieldFact[] = [];
  #many: Fields | null = null;
  #operated = false;

  constructor(all: C.Conversations, dns: DnsEvidence) {
    this.#all = all;
    this.#dns = dns;
    this.#view = all.view();
  }

  read(conversation: number, id: string): this {
    const all = this.#all;
    const view = this.#view;
    this.names = [];
    this.innerApp = null;
    this.operations = NO_OPERATIONS;
    this.#told.length = 0;
    this.#many = null;
    this.#operated = false;
    let channels: string[] | null = null;
    let count = 0;
    for (const flow of all.flowsOf(conversation)) {
      view.move(flow);
      if (count++ < MOST_FLOWS && hasPorts(view.proto)) this.#addAnswers(conversation);
      if (all.folds.size > 0 && all.folds.has(flow)) {
        channels ??= [];
        addChannel(channels, all.seen, view);
      }
      const { kinds } = view;
      if ((kinds & FACT_BITS.operation) !== 0) this.#operated ||= operationsOf(all, view.detail).kinds.length > 0;
      if ((kinds & TELLING) !== 0) for (const sighting of all.sightingsOf(conversation, view)) this.#add(sighting);
    }
    const own = this.#many ?? (this.#operated ? fieldsOf(this.#told) : null);
    this.fields = own === null ? sharedFields(this.#told) : new SharedFields(own);
    if (channels !== null) this.fields = new SharedFields({ ...this.fields.values, [CHANNELS]: channels });
    if (this.#operated) this.operations = operationRows(all, conversation, id, this.fields.values);
    return this;
  }

  /** What DNS had said of the far end when the flow began. */
  #addAnswers(conversation: number): void {
    const row = this.#all.rows(conversation);
    const at = this.#all.at(conversation);
    const family = (row[at + C.C_META]! >>> 8) & 0xff;
    const { realm, firstSec, firstNsec } = this.#view;
    const answers = this.#dns.answersAt(realm, family, row[at + C.C_RESPONDER]!);
    if (answers.length === 0) return;
    const initiator = addressText(this.#all.seen.flows.ipv6, family, row[at + C.C_INITIATOR]!);
    for (const own of [true, false])
      for (const answer of answers)
        if ((answer.client === initiator && !answer.ofSeveral) === own && isHeld(answer, firstSec, firstNsec))
          this.#addName(answer.name, own ? "dns" : "dns-other", answer.capture, answer.frame);
  }

  #add({ fact, capture, frame }: Sighting): void {
    if (fact.kind === "name") this.#addName(fact.name, fact.source, capture, frame);
    else if (fact.kind === "inner") this.innerApp ??= fact.app;
    else if (fact.kind === "field") {
      if (this.#many !== null) addField(this.#many, fact);
      else if (this.#told.push(fact) > MOST_SHARED_FACTS) this.#many = fieldsOf(this.#told);
    }
  }

  #addName(name: string, source: string, capture: number, frame: number): void {
    const { names } = this;
    if (names.length >= LIMITS.namesPerConversation) return;
    for (const known of names) if (known.name === name && known.source === source) return;
    names.push({ name, source, capture_id: capture, frame });
  }
}

const NO_OPERATIONS: OperationRow[] = [];
/** Kinds of facts that are gathered here. */
const TELLING = FACT_BITS.name | FACT_BITS.inner | FACT_BITS.field;

/** What the port would suggest where the application is not identified. */
export function hintOf(all: C.Conversations, conversation: number): string | null {
  const portApp = all.word(conversation, C.C_PORT_APP);
  const proto = all.word(conversation, C.C_META) & 0xff;
  const port = portApp & 0xffff;
  if (((portApp >>> 16) & 0xff) !== 0 || (proto !== TCP && proto !== UDP)) return null;
  return all.seen.identified.hint(proto === TCP, port, port);
}

/** What folds into it: `tcp 10.0.0.5:40001 10.0.0.9:20`, so that its packets can be found again. */
function addChannel(channels: string[], seen: Observation, view: FlowView): void {
  if (channels.length >= MOST_VALUES) return;
  const end = (dir: 0 | 1): string => {
    const text = addressText(seen.flows.ipv6, view.family, view.address(dir));
    return text.includes(":") ? `[${text}]:${view.port(dir)}` : `${text}:${view.port(dir)}`;
  };
  const text = `${view.proto === TCP ? "tcp" : "udp"} ${end(0)} ${end(1)}`;
  if (!channels.includes(text)) channels.push(text);
}

/** How its flows ended, by the first that did; the same object for nearly all: one flow, which ended in one of seven ways. */
export function outcomesOf(all: C.Conversations, conversation: number): Outcomes {
  const view = all.view();
  const outcomes: Outcomes = {};
  const flows = all.flowsOf(conversation);
  for (const flow of flows) {
    view.move(flow);
    const outcome = all.flowOutcome(view, view.initiator().dir);
    if (flows.length === 1 && view.flows === 1) return ONE_FLOW[outcome]!;
    const name = OUTCOMES[outcome]!;
    outcomes[name] = (outcomes[name] ?? 0) + view.flows;
  }
  return outcomes;
}
type Outcomes = ConversationDetails["outcomes"];
const ONE_FLOW: readonly Outcomes[] = OUTCOMES.map((name) => ({ [name]: 1 }));

type Fields = ConversationDetails["fields"];

function fieldsOf(told: readonly FieldFact[]): Fields {
  const fields: Fields = {};
  for (const fact of told) addField(fields, fact);
  return fields;
}

function addField(fields: Fields, { field, value }: FieldFact): void {
  fields[field] ??= [];
  const values = fields[field]!;
  if (values.length < MOST_VALUES && !values.includes(value)) values.push(value);
}

/** Fields of many, and their JSON once somebody has asked for it. */
export class SharedFields {
  readonly values: Fields;
  #text: string | null = null;

  constructor(values: Fields) {
    this.values = values;
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.values);
    return this.#text;
  }
}
const NO_FIELDS = new SharedFields({});

/** The same object for all that told the same: most connections to anywhere have the same few versions and ciphers. */
function sharedFields(told: readonly FieldFact[]): SharedFields {
  let step = FIRST;
  for (const fact of told) {
    let next = step.next?.get(fact);
    if (next === undefined) {
      next = { fields: null, next: null };
      if (++steps > MOST_STEPS) {
        FIRST.next = null;
        steps = 0;
      }
      step.next ??= new Map();
      step.next.set(fact, next);
    }
    step = next;
  }
  step.fields ??= alikeFields(told);
  return step.fields;
}

/** Facts that are said again and again are the same objects: what a list of them leads to is found without a look into them. */
interface Step {
  fields: SharedFields | null;
  next: Map<FieldFact, Step> | null;
}
const FIRST: Step = { fields: NO_FIELDS, next: null };
let steps = 0;
const MOST_STEPS = 16_384;

/** By what they say, of other facts as well. */
function alikeFields(told: readonly FieldFact[]): SharedFields {
  let key = "";
  // A value may be any text off the wire: its length before it keeps two lists from making one text.
  for (const { field, value } of told)
    key += typeof value === "number" ? `${field} ${value} ` : `${field} ${value.length}:${value} `;
  let fields = FIELDS.get(key);
  if (fields === undefined) {
    fields = new SharedFields(fieldsOf(told));
    if (FIELDS.size >= MOST_SHARED_FIELDS) FIELDS.clear();
    FIELDS.set(key, fields);
  }
  return fields;
}
const FIELDS = new Map<string, SharedFields>();
const MOST_SHARED_FIELDS = 4_096;
const MOST_SHARED_FACTS = 16;

/** The rows, and beside them in `fields` how fast the questions came. */
function operationRows(
  all: C.Conversations,
  conversation: number,
  id: string,
  fields: ConversationDetails["fields"],
): OperationRow[] {
  const { kinds, seconds, atOnce, unasked, dropped, unread } = conversationOperations(all, conversation);
  if (seconds.size > 0) {
    let peak = 0;
    for (const count of seconds.values()) if (count > peak) peak = count;
    fields["operations.per-second"] = [peak];
    fields["operations.at-once"] = [atOnce];
    const pace = paceOf(all, conversation);
    if (pace !== null) {
      fields["operations.device-per-second"] = [pace.perSecond];
      fields["operations.device-at-once"] = [pace.atOnce];
    }
  }
  if (unasked > 0) fields["operations.unasked"] = [unasked];
  if (dropped > 0) fields["operations.dropped"] = [dropped];
  if (unread > 0 && kinds.length > 0) fields["operations.unread"] = [unread];
  return kinds.map((kind) => ({
    conversation_id: id,
    protocol: kind.protocol,
    role: kind.role,
    sender: kind.dir === 0 ? "initiator" : "responder",
    ...(kind.sender === null ? {} : { sender_address: kind.sender }),
    code: kind.code,
    operation: kind.operation,
    class: kind.class,
    target: kind.target,
    count: kind.count,
    failed: kind.failed,
    unanswered: kind.unanswered,
    first_frame: kind.frames[0]!.frame,
    first_capture_id: kind.frames[0]!.capture,
    answer: kind.answer,
    ...(kind.carries === true ? { carries: true } : {}),
  }));
}

/** The best-supported name, whatever its source. */
export function peerName(names: readonly NameEvidence[]): string | null {
  for (const source of NAME_ORDER) {
    const found = names.find((name) => name.source === source);
    if (found !== undefined) return found.name;
  }
  return null;
}

const NAME_ORDER = [
  "tls-sni",
  "quic-sni",
  "dtls-sni",
  "http-host",
  "http2-authority",
  "icap-host",
  "dns",
  "site",
  "document",
  "certificate",
  "dns-other",
] as const;
