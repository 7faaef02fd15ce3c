/**
 * The proof page for one role, as data: what it asked of which device, over which protocol, of what class; what was more
 * than asking; what nobody can read; which of the document's rules were exercised on which device; how fast; what failed.
 * Made of a stored result alone, so that it can be printed long after the capture is gone.
 */
import { parseAddress } from "../address.ts";
import { OPERATION_CLASSES, type OperationClass } from "../decode/facts.ts";
import { UsageError } from "../errors.ts";
import { parseRange, rangeHas } from "../model/ranges.ts";
import { quote, unknownWord } from "../words.ts";
import { answerers, isEverybody, whoAnswered } from "./everybody.ts";
import type { ConversationRow, OperationRow, RuleStatus, RunResult } from "./result.ts";
import { plural } from "./words.ts";

export const PROFILE_CLASSES: readonly OperationClass[] = [...OPERATION_CLASSES, "unknown"];
const READ = OPERATION_CLASSES.indexOf("read");

/** One device by one protocol. */
export interface ProfileLine {
  device: string;
  protocol: string;
  over: string;
  conversations: string[];
  /** Questions by class; classes that were not seen are left out. */
  classes: Partial<Record<OperationClass, number>>;
  questions: number;
  failed: number;
  unanswered: number;
  /** Of one conversation, the fastest: questions in its busiest second, and in a row without an answer. */
  per_second: number;
  at_once: number;
  /** Rules of the document that cover it; none: nothing in it does. */
  rules: string[];
  /** Of what everybody was asked: devices that answered it. */
  answered_by: string[];
  /** The first question. */
  first_frame: number;
  first_capture_id: number;
}

/** How fast a device was asked, over everything together. */
export interface ProfilePace {
  device: string;
  questions: number;
  /** In the busiest second. */
  per_second: number;
  /** At most so many were on their way at once. */
  at_once: number;
  /** That is more than a controller should have to answer beside its work. */
  floods: boolean;
}

/** One kind of question, over all devices: what was asked, in the protocol's own words. */
export interface ProfileQuestion {
  protocol: string;
  operation: string;
  class: string;
  count: number;
  failed: number;
  unanswered: number;
  devices: string[];
  /** The first time. */
  first_frame: number;
  first_capture_id: number;
}

export interface ProfiledOperation extends OperationRow {
  device: string;
  verdict: string | null;
}

export interface Profile {
  model: string;
  role: string;
  hosts: string[];
  /** `read-only`: every question was read, and none was more than reading. `not-read-only`; `unproved`: look at `unread`. */
  verdict: "read-only" | "not-read-only" | "unproved" | "nothing-asked";
  questions: number;
  devices: number;
  lines: ProfileLine[];
  /** The questions themselves, the gravest first. */
  asked: ProfileQuestion[];
  /** What is above reading, the gravest first. */
  beyond: ProfiledOperation[];
  /** Conversations of the role in which something could not be read, and why. */
  unread: { conversation_id: string; device: string; over: string; app: string | null; why: string }[];
  /** Conversations in which nothing was asked that is an operation: documented, or of a protocol that has none. */
  others: { device: string; over: string; app: string | null; verdict: string | null }[];
  /** What the devices say they are, by address. */
  identities: Record<string, string>;
  /** Rules of the role that lead to another role. */
  coverage: { rule_id: string; what: string; section: string; status: RuleStatus; devices: string[] }[];
  failed: ProfiledOperation[];
  /** What devices asked of the role, or told it unasked, in conversations with it: not its own questions. */
  asked_back: ProfiledOperation[];
  /** Devices by how fast they were asked, the fastest first. */
  pace: ProfilePace[];
  /** Where the role tried to speak and nothing came up. */
  unreached: { device: string; over: string; outcome: string; count: number; rules: string[] }[];
  /** What this capture did not hold: measures of its quality that limit what the page can say. */
  limits: { measure: string; value: number }[];
}

/**
 * What a controller answers without harm to its work, where its maker says nothing: a question in each of the shortest usual
 * cycles (10 ms), and as many at once as a Modbus server is advised to take (Messaging on TCP/IP V1.0b, section 4.2.2.1).
 */
export const FLOOD = { perSecond: 100, atOnce: 16 } as const;

const CAME_UP: ReadonlySet<string> = new Set(["established", "answered", "one-way"]);
/** What runs inside is not seen. */
const SEALED: ReadonlySet<string> = new Set(["tls", "dtls", "quic", "ssh", "ike", "openvpn", "wireguard"]);

/** Measures that mean that something may have passed unseen. */
const LIMITING = (
  "drops frames_cut file_cut file_damaged lost_segments one_sided undecoded malformed cut_messages fragments_incomplete " +
  "untracked caps_hit"
).split(" ");

/** `wanted`: ROLE or MODEL/ROLE as typed, or a binding of the run. Throws UsageError where no model of the run has the role. */
export function profileOf(result: RunResult, wanted: string | RunResult["run"]["bindings"][number]): Profile {
  const { model, role, values, others = [] } = typeof wanted === "string" ? findRole(result, wanted) : wanted;
  const inRole = hostTest([...values, ...others]);
  const rules = result.rules.filter((rule) => rule.model === model && rule.from_role === role);
  const own = new Set(rules.map((rule) => rule.rule_id));
  const profile: Profile = {
    ...{ model, role, hosts: values, verdict: "nothing-asked", questions: 0, devices: 0 },
    ...{
      lines: [],
      asked: [],
      beyond: [],
      unread: [],
      others: [],
      identities: {},
      coverage: [],
      failed: [],
      asked_back: [],
      pace: [],
      unreached: [],
      limits: [],
    },
  };
  const reached = new Map<string, Set<string>>();
  for (const c of conversations(result)) {
    const byRule = c.model === model && c.rule_id !== null && own.has(c.rule_id);
    if (!byRule && !inRole(c.initiator)) {
      if (inRole(c.responder) && c.operations.some(isOfResponder)) addConversation(profile, c, [], "responder");
      continue;
    }
    for (const rule of [c.rule_id, ...c.rules.filter((r) => r.model === model).map((r) => r.rule_id)]) {
      if (rule === null || !own.has(rule)) continue;
      const devices = reached.get(rule) ?? new Set();
      for (const device of [c.responder, ...answerers(c)]) devices.add(device);
      reached.set(rule, devices);
    }
    addConversation(
      profile,
      c,
      [c.rule_id, ...c.rules.map((r) => r.rule_id)].filter((rule): rule is string => rule !== null && own.has(rule)),
    );
  }
  for (const { rule_id, to_endpoint, transport, ports, app, section, item, status } of rules) {
    if (!to_endpoint.startsWith("role:")) continue;
    const over = ports === "" ? transport : `${transport}/${ports}`;
    const devices = [...(reached.get(rule_id) ?? [])].sort();
    profile.coverage.push({ rule_id, what: `${over} ${app ?? "any"}`, section: item ?? section, status, devices });
  }
  profile.beyond.sort(byGravity);
  profile.asked.sort(byGravity);
  profile.lines.sort((a, b) => (a.device + a.protocol < b.device + b.protocol ? -1 : 1));
  const devices = profile.lines.flatMap((line) => [line.device, ...line.answered_by]);
  profile.devices = new Set(devices.filter((device) => !isEverybody(device))).size;
  for (const { device, answered_by } of profile.lines)
    if (isEverybody(device)) profile.identities[device] = `everybody on the link${whoAnswered(answered_by)}`;
  profile.questions = profile.lines.reduce((sum, line) => sum + line.questions, 0);
  for (const asset of result.assets) {
    if (!devices.includes(asset.address)) continue;
    const words = [asset.vendor, asset.product, asset.order_code].filter((word) => word !== null).join(" ");
    if (words !== "") profile.identities[asset.address] ??= words;
  }
  for (const measure of LIMITING) {
    const value = result.quality[measure];
    if (typeof value === "number" && value > 0) profile.limits.push({ measure, value });
  }
  profile.pace.sort((a, b) => b.per_second - a.per_second || b.at_once - a.at_once);
  profile.failed.sort((a, b) => b.failed + b.unanswered - a.failed - a.unanswered);
  profile.verdict = verdictOf(profile);
  return profile;
}

function verdictOf({ beyond, unread, questions }: Profile): Profile["verdict"] {
  if (beyond.length > 0) return "not-read-only";
  if (unread.length > 0) return "unproved";
  return questions === 0 ? "nothing-asked" : "read-only";
}

function* conversations(result: RunResult): Generator<ConversationRow> {
  yield* result.judged;
  yield* result.rest.rows();
}

type Found = Pick<RunResult["run"]["bindings"][number], "model" | "role" | "values" | "others">;

function findRole(result: RunResult, text: string): Found {
  const slash = text.indexOf("/");
  const [wantedModel, wantedRole] = slash < 0 ? [null, text] : [text.slice(0, slash), text.slice(slash + 1)];
  const known = new Map<string, Found>();
  for (const rule of result.rules)
    known.set(`${rule.model}/${rule.from_role}`, { model: rule.model, role: rule.from_role, values: [] });
  for (const binding of result.run.bindings) known.set(`${binding.model}/${binding.role}`, binding);
  const found = [...known.values()].filter(
    ({ model, role }) => role === wantedRole && (wantedModel === null || model === wantedModel),
  );
  const [first, second] = found;
  if (first === undefined) {
    const roles = [...new Set([...known.values()].map(({ role }) => role))].sort();
    throw new UsageError(`--profile ${quote(text)}: ${unknownWord("role", wantedRole, roles)}`);
  }
  if (second !== undefined) {
    const all = found.map(({ model, role }) => `${model}/${role}`).join(", ");
    throw new UsageError(`--profile ${quote(text)}: several models have that role; which one? ${all}`);
  }
  return first;
}

/** Whether an address is one of a binding's values; a host bound by name is known by the rules that it used. */
export function hostTest(values: readonly string[]): (address: string) => boolean {
  const ranges = values.flatMap((value) => value.split("+").flatMap((part) => parseRange(part, () => undefined) ?? []));
  return (text) => {
    const address = parseAddress(text);
    return address !== null && ranges.some((range) => rangeHas(range, address.family, address.hex));
  };
}

/** `side`: which end of the conversation plays the role. A device may have opened it, and be asked in it all the same. */
function addConversation(
  profile: Profile,
  c: ConversationRow,
  rules: readonly string[],
  side: "initiator" | "responder" = "initiator",
): void {
  const over = c.port === null ? c.transport : `${c.transport}/${c.port}`;
  const device = side === "initiator" ? c.responder : c.initiator;
  const requests = c.operations.filter(
    ({ role, sender_address }) => role === "request" && sender_address === undefined,
  );
  const operations = requests.filter(({ sender = "initiator" }) => sender === side);
  for (const operation of requests)
    if (!operations.includes(operation)) profile.asked_back.push({ ...operation, device, verdict: c.verdict });
  for (const operation of operations) {
    if (operation.carries === true) {
      if (operation.failed > 0) profile.failed.push({ ...operation, device, verdict: c.verdict });
      continue; // the questions are those within it
    }
    const line = lineOf(profile, device, operation.protocol, over, c);
    const of = operation.class as OperationClass;
    line.classes[of] = (line.classes[of] ?? 0) + operation.count;
    line.questions += operation.count;
    if (
      line.first_frame === 0 ||
      (operation.first_capture_id === line.first_capture_id && operation.first_frame < line.first_frame)
    ) {
      line.first_frame = operation.first_frame;
      line.first_capture_id = operation.first_capture_id;
    }
    for (const rule of rules) if (c.verdict !== "undocumented" && !line.rules.includes(rule)) line.rules.push(rule);
    for (const address of answerers(c)) if (!line.answered_by.includes(address)) line.answered_by.push(address);
    line.failed += operation.failed;
    line.unanswered += operation.unanswered;
    addQuestion(profile, device, operation);
    const profiled = { ...operation, device, verdict: c.verdict };
    if (rank(operation.class) > READ) profile.beyond.push(profiled);
    if (operation.failed + operation.unanswered > 0) profile.failed.push(profiled);
  }
  if (operations.length > 0) addPace(profile, c, device, operations);
  if (operations.length === 0 && !CAME_UP.has(c.outcome)) addUnreached(profile, c, over, rules);
  // An answer proves its question, where that one itself is not in the capture; what the role calls an answer and nobody asked for is its own act.
  for (const operation of c.operations) {
    if (operation.role === "request" || rank(operation.class) <= READ) continue;
    const own = operation.sender === side;
    const questions = own ? requests.filter((of) => !operations.includes(of)) : operations;
    const asked = questions.some(
      ({ protocol, class: of, code }) =>
        protocol === operation.protocol && (of === operation.class || (own && code === operation.code)),
    );
    if (!asked) profile.beyond.push({ ...operation, device, verdict: c.verdict });
  }
  const why = whyUnread(c, operations);
  if (why === null && operations.length === 0 && CAME_UP.has(c.outcome))
    profile.others.push({ device, over, app: c.app, verdict: c.verdict });
  const unasked = Number(c.fields["operations.unasked"]?.[0] ?? 0);
  if (unasked > 0) profile.limits.push({ measure: `answers of ${device} whose question is not here`, value: unasked });
  const by = c.evidence?.initiator_by;
  if (operations.length > 0 && c.transport === "tcp" && by !== undefined && !IN_SIGHT.has(by)) {
    const measure = `connection to ${device} over ${over} that was open before: what was asked in it first is not here`;
    profile.limits.push({ measure, value: 1 });
  }
  if (why !== null) profile.unread.push({ conversation_id: c.conversation_id, device, over, app: c.app, why });
}

/** Who says who opened a connection that began in the capture. */
const IN_SIGHT: ReadonlySet<string> = new Set(["syn", "syn-ack"]);

/** Asked by whom the conversation was opened to, or answered to it. */
const isOfResponder = ({ role, sender }: OperationRow): boolean =>
  sender === (role === "request" ? "responder" : "initiator");

function addQuestion(profile: Profile, device: string, row: OperationRow): void {
  const { protocol, operation, class: of, count, failed, unanswered, first_frame, first_capture_id } = row;
  const known = profile.asked.find((q) => q.operation === operation && q.protocol === protocol && q.class === of);
  if (known === undefined) {
    const numbers = { count, failed, unanswered, devices: [device], first_frame, first_capture_id };
    profile.asked.push({ protocol, operation, class: of, ...numbers });
    return;
  }
  known.count += count;
  known.failed += failed;
  known.unanswered += unanswered;
  if (!known.devices.includes(device)) known.devices.push(device);
  if (first_capture_id === known.first_capture_id) known.first_frame = Math.min(known.first_frame, first_frame);
}

type Graded = Pick<OperationRow, "class" | "first_frame">;
/** What nobody can say comes before all that is known to be harmless. */
const byGravity = (a: Graded, b: Graded): number =>
  gravity(b.class) - gravity(a.class) || a.first_frame - b.first_frame;
const gravity = (of: string): number => (of === "unknown" ? READ + 0.5 : rank(of));

function addPace(profile: Profile, c: ConversationRow, device: string, operations: readonly OperationRow[]): void {
  let pace = profile.pace.find((known) => known.device === device);
  if (pace === undefined) {
    pace = { device, questions: 0, per_second: 0, at_once: 0, floods: false };
    profile.pace.push(pace);
  }
  for (const { count, carries } of operations) if (carries !== true) pace.questions += count;
  // Databases of earlier versions have the pace of each conversation alone.
  const field = (name: string): number =>
    Number(c.fields[`operations.device-${name}`]?.[0] ?? c.fields[`operations.${name}`]?.[0] ?? 0);
  // What a device told in the same second counts there as well; it is asked no faster than it is asked at all.
  pace.per_second = Math.min(pace.questions, Math.max(pace.per_second, field("per-second")));
  pace.at_once = Math.min(pace.questions, Math.max(pace.at_once, field("at-once")));
  pace.floods = pace.per_second > FLOOD.perSecond || pace.at_once > FLOOD.atOnce;
}

function addUnreached(profile: Profile, c: ConversationRow, over: string, rules: readonly string[]): void {
  const { responder: device, outcome } = c;
  const known = profile.unreached.find((one) => one.device === device && one.over === over && one.outcome === outcome);
  if (known === undefined) profile.unreached.push({ device, over, outcome, count: c.flows, rules: [...rules] });
  else known.count += c.flows;
}

function lineOf(profile: Profile, device: string, protocol: string, over: string, c: ConversationRow): ProfileLine {
  let line = profile.lines.find((one) => one.device === device && one.protocol === protocol && one.over === over);
  if (line === undefined) {
    line = {
      ...{ device, protocol, over, conversations: [], classes: {}, questions: 0, failed: 0, unanswered: 0 },
      ...{ per_second: 0, at_once: 0, rules: [], answered_by: [], first_frame: 0, first_capture_id: 0 },
    };
    profile.lines.push(line);
  }
  if (!line.conversations.includes(c.conversation_id)) {
    line.conversations.push(c.conversation_id);
    line.per_second = Math.max(line.per_second, Number(c.fields["operations.per-second"]?.[0] ?? 0));
    line.at_once = Math.max(line.at_once, Number(c.fields["operations.at-once"]?.[0] ?? 0));
  }
  return line;
}

/** `Service 0x4c of Class 0x72/0, 8,111 times, first in frame 53 (and 2 kinds more): nobody can say what it does`. */
function whatUnknown({ operation, target, count, first_frame }: OperationRow, others: number): string {
  const named = target === null ? operation : `${operation} of ${target}`;
  const where = count === 1 ? `frame ${first_frame}` : `${plural(count, "time")}, first in frame ${first_frame}`;
  const more = others === 0 ? "" : ` (and ${plural(others, "kind")} more)`;
  return `${named}, ${where}${more}: nobody can say what it does`;
}

/** Why a conversation cannot be said to have asked only; null where it can, or where the document expects no operations. */
function whyUnread(c: ConversationRow, operations: readonly OperationRow[]): string | null {
  const unknown = operations.filter((operation) => operation.class === "unknown");
  if (unknown.length > 0) return whatUnknown(unknown[0]!, unknown.length - 1);
  // Of what no rule covers, the clauses are those of a rule that is only near; and what only the device said is not the role's.
  const told = c.operations.some(
    (one) => one.role === "request" && one.class === "unknown" && !operations.includes(one),
  );
  const judged = c.verdict === "undocumented" || told ? [] : (c.evidence?.clauses ?? []);
  const clause = judged.find(
    ({ clause, result, says }) => clause === "expect" && result === "unproved" && says.includes("operations"),
  );
  if (clause !== undefined) return clause.says;
  if (operations.length === 0 && CAME_UP.has(c.outcome) && c.verdict !== "documented" && c.verdict !== "ignored") {
    if (c.app === null && c.packets > 0) return "its protocol is not known, so nobody can say what was asked";
    if (c.app !== null && SEALED.has(c.app)) return `${c.app} is encrypted, so nobody can say what was asked`;
  }
  const unread = Number(c.fields["operations.unread"]?.[0] ?? 0);
  if (unread > 0) return `${plural(unread, "message")} of it could not be read, or only in part`;
  if (c.fields["operations.dropped"] !== undefined) return "more kinds of operations than are told apart";
  return null;
}

function rank(of: string): number {
  return (OPERATION_CLASSES as readonly string[]).indexOf(of);
}
