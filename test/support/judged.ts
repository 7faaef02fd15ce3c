/**
 * The cases' captures judged in memory, whole or changed: what the properties of test/e2e are tried on.
 *
 * A conversation's key has its application and its name, which a part of a capture may not show. What is compared
 * between a capture and its parts are therefore flows: two ends, transport and ports, in either direction.
 */
import { dirname, join } from "node:path";
import { DECODERS } from "../../decoders/index.ts";
import type { CaptureInfo, Frame } from "../../src/capture/frame.ts";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { whoIsWho } from "../../src/conform/conform.ts";
import { Dissector } from "../../src/dissect/dissect.ts";
import { PACKET, Packet } from "../../src/dissect/packet.ts";
import { loadJudging } from "../../src/judging.ts";
import { parseDuration } from "../../src/model/values.ts";
import { Conversations, idText } from "../../src/observe/conversations.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { addressText, FlowView } from "../../src/observe/flow-view.ts";
import { DEFAULT_REALM, type Observation, Observer } from "../../src/observe/observation.ts";
import { partsOf } from "../../src/observe/site-parts.ts";
import { judge, type RunOptions } from "../../src/pipeline.ts";
import type { ConversationRow, FrameRef, RuleRow, RunResult } from "../../src/report/result.ts";
import type { Case } from "../e2e/case.ts";
import { copyFrame } from "./observe.ts";

/** A case with its frames in memory and its command line understood. */
export interface Trial {
  name: string;
  frames: Frame[];
  captures: CaptureInfo[];
  options: RunOptions;
}

/** Everything that was said of a set of frames, by what it was said of. */
export interface Judged {
  result: RunResult;
  /** By id. */
  conversations: Map<string, ConversationRow>;
  /** By `flowName`: the conversations of the flows with that key. */
  ofFlow: Map<string, ConversationRow[]>;
  /** Of those the flows that fold into another's conversation. */
  folded: Set<string>;
  /** By `MODEL/RULE`. */
  rules: Map<string, RuleRow>;
}

export async function readTrial(one: Case): Promise<Trial> {
  const options = await optionsOf(one);
  const parts = partsOf(options.site, DEFAULT_REALM);
  const reader = await openCaptures(options.captures.map(({ path }) => ({ path, realm: DEFAULT_REALM, parts })));
  const frames: Frame[] = [];
  while (await reader.more()) while (reader.next() === NEXT_FRAME) frames.push(copyFrame(reader.frame));
  await reader.close();
  return { name: one.name, frames, captures: [...reader.captures], options };
}

/** The command of a case, as `wirepact check` would understand it. */
export async function optionsOf(one: Case): Promise<RunOptions> {
  const given = new Map<string, string[]>();
  const captures: { path: string }[] = [];
  const [command, ...words] = one.args;
  if (command !== "check") throw new Error(`${one.name}: a command other than check`);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("--")) captures.push({ path: join(one.folder, word) });
    else if (["--strict", "--no-infer", "--no-background"].includes(word)) given.set(word, []);
    else given.set(word, [...(given.get(word) ?? []), words[++i]!]);
  }
  const all = (option: string): string[] => given.get(option) ?? [];
  const site = all("--site")[0];
  const asOf = all("--as-of")[0];
  const judging = await loadJudging({
    models: all("--model").map((model) => (model.endsWith(".yaml") ? join(one.folder, model) : model)),
    site: site === undefined ? null : join(one.folder, site),
    bind: all("--bind"),
    set: all("--set"),
    background: !given.has("--no-background"),
  });
  return {
    captures,
    ...judging,
    scope: "judged",
    infer: false,
    minSpanSec: (parseDuration(all("--min-span")[0] ?? "5m") ?? 0) / 1000,
    asOf: asOf === undefined ? null : { sec: Date.parse(`${asOf}T00:00:00Z`) / 1000, nsec: 0 },
    strict: given.has("--strict"),
    command: `wirepact ${dirname(one.name)}`,
  };
}

/** What an observer sees of some frames of a trial; how a capture ended is said of them as of the whole. */
export function observeFrames(trial: Pick<Trial, "captures">, frames: readonly Frame[]): Observation {
  const captures = trial.captures.map((info, index) => {
    const mine = frames.filter((frame) => frame.capture === index);
    const first = mine[0];
    const last = mine.at(-1);
    return {
      ...info,
      packets: mine.length,
      firstSec: first?.sec ?? 0,
      firstNsec: first?.nsec ?? 0,
      lastSec: last?.sec ?? 0,
      lastNsec: last?.nsec ?? 0,
    };
  });
  const observer = new Observer(captures, DECODERS);
  for (const frame of frames) observer.frame(frame);
  return observer.observation;
}

export function judgeFrames(trial: Trial, frames: readonly Frame[]): Judged {
  return judged(observeFrames(trial, frames), trial.options);
}

/** A result by what it speaks of. */
export function judgedResult(result: RunResult): Omit<Judged, "ofFlow" | "folded"> {
  const conversations = new Map<string, ConversationRow>();
  for (const row of [...result.judged, ...result.rest.rows()]) conversations.set(row.conversation_id, row);
  const rules = new Map(result.rules.map((rule) => [`${rule.model}/${rule.rule_id}`, rule]));
  return { result, conversations, rules };
}

export function judged(observed: Observation, options: RunOptions): Judged {
  const { result, conversations, rules } = judgedResult(judge(observed, options, "", false));
  const seen = atEnd(observed);
  const ofFlow = new Map<string, ConversationRow[]>();
  const foldedFlows = new Set<string>();
  const { models, background, bindings: bound, site } = options;
  const folded =
    models.length === 0 ? new Conversations(seen) : whoIsWho(seen, { models, background, bound, site }).conversations;
  const view = new FlowView(seen);
  for (let flow = 0; flow < seen.flows.table.count; flow++) {
    view.move(flow);
    const end = (dir: 0 | 1) => `${addressText(seen.flows.ipv6, view.family, view.address(dir))}|${view.port(dir)}`;
    const name = flowName(seen.realms[view.realm]!, view.proto, end(0), end(1));
    if (folded.folds.has(flow)) foldedFlows.add(name);
    for (const conversation of folded.conversationsOf(flow)) {
      const row = conversations.get(idText(folded.id(conversation)))!;
      const known = ofFlow.get(name) ?? [];
      if (!known.includes(row)) ofFlow.set(name, [...known, row]);
    }
  }
  return { result, conversations, ofFlow, folded: foldedFlows, rules };
}

function flowName(realm: string, proto: number, one: string, other: string): string {
  return [realm, proto, ...[one, other].sort()].join(" ");
}

const packet = new Packet();

/** The frame's packet, valid until the next call; null where it is none. Fragments are not put together. */
export function packetOf(frame: Frame): Packet | null {
  const dissector = new Dissector(packet, {});
  return dissector.dissect(frame, 0) === PACKET ? packet : null;
}

/** The same; of a tunnel that holds no packet (ARP), the tunnel's own. */
export function innermostOf(frame: Frame): Packet | null {
  return packetOf(frame) ?? packet.outer;
}

/** Verdict and rule of every conversation, and the status of every rule: what no change of form may change. */
export function verdictsOf(
  { conversations, rules }: Pick<Judged, "conversations" | "rules">,
  reasons = true,
): Record<string, string> {
  const why = (code: string | null) => (reasons ? ` ${code}` : "");
  const all: Record<string, string> = {};
  for (const [id, row] of conversations)
    all[`${id} ${row.initiator} ${row.responder} ${row.transport}/${row.port} ${row.app} ${row.server_name}`] =
      `${row.verdict} ${row.rule_id}${why(row.reason_code)}`;
  for (const [key, rule] of rules)
    all[key] = [
      `${rule.status} ${rule.reason_code}`,
      ...rule.hosts.map(({ host, status }) => `${host} ${status}`),
    ].join();
  return all;
}

/** What differs, a line each; empty where nothing does. */
export function changes(before: Record<string, string>, after: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => before[key] !== after[key])
    .map((key) => `${key}: ${before[key] ?? "not there"} became ${after[key] ?? "not there"}`);
}

export const frameKey = ({ capture_id, frame }: Pick<FrameRef, "capture_id" | "frame">): string =>
  `${capture_id}#${frame}`;
export const keyOf = (frame: Frame): string => `${frame.capture}#${frame.number}`;

/** Whether the clock was set back amid it, by a minute or more: put in the order of its times it would be another capture. */
export function isSetBack({ frames }: Trial): boolean {
  return frames.some((frame, i) => i > 0 && frame.sec < frames[i - 1]!.sec - 60);
}
