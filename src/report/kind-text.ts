/** The form of kinds (`kinds.ts`): their columns, what stands at which place, what stands for a gap. */
import type { ConversationRow } from "./result.ts";

/** The columns of a kind, in the order of its text. */
export const KIND_COLUMNS = [
  "verdict",
  "realm",
  "transport",
  "app",
  "inner_app",
  "server_name",
  "peer_name",
  "outcome",
  "model",
  "rule_id",
  "reason_code",
  "reason",
  "evidence",
  "waived",
  "hint",
  "names",
  "operations",
  "outcomes",
  "fields",
  "rules",
  "expectation",
  "found",
] as const satisfies readonly (keyof ConversationRow)[];
export type KindColumn = (typeof KIND_COLUMNS)[number];

/**
 * Places of the values that every conversation has. Times are microseconds since 1970, and from there on; both are texts where
 * they are no such times.
 */
export const VALUE = {
  first: 0,
  last: 1,
  initiator: 2,
  responder: 3,
  port: 4,
  flows: 5,
  packets: 6,
  bytes: 7,
} as const;
export const FIRST_OTHER = 8;

/** Between two columns. */
export const END = "\x00";
/** Gaps of what stands at a place of its own; of the names of the peer, which are next where there are any; of the next value in order. */
export const GAP = {
  initiator: "\x01",
  responder: "\x02",
  port: "\x03",
  flows: "\x04",
  peer: "\x05",
  server: "\x06",
  next: "\x07",
};

/** What stands in the texts of all kinds between what is told: the first pieces, in this order. */
export const FIXED = {
  end: END,
  none: "null",
  noList: "[]",
  noRecord: "{}",
  brace: "{",
  endBrace: "}",
  comma: ",",
  colon: ":",
  next: GAP.next,
  flows: GAP.flows,
  one: "1",
  nextText: `"${GAP.next}"`,
  peer: `"${GAP.peer}"`,
  server: `"${GAP.server}"`,
  support: '{"support":[',
  supportCount: '],"support_count":',
  against: ',"against":[',
  againstCount: '],"against_count":',
  clauses: ',"clauses":[',
  clause: '{"clause":',
  nextClause: '},{"clause":',
  result: ',"result":',
  says: ',"says":',
  endClauses: '}],"initiator_by":',
  noClauses: '],"initiator_by":',
  noNearest: ',"nearest":null}',
  nearest: ',"nearest":{"model":',
  rule: ',"rule_id":',
  missed: ',"clause":',
  endNearest: "}}",
  what: `,"frame":${GAP.next},"what":`,
  frame: `,"frame":${GAP.next}`,
  captureOf: ',"capture_id":',
  name: '[{"name":',
  nextName: '},{"name":',
  source: ',"source":',
  endNames: "}]",
};
export const PIECE = Object.fromEntries(Object.keys(FIXED).map((name, number) => [name, number])) as Record<
  keyof typeof FIXED,
  number
>;

/** Null where `formatInstant` would not write it so. */
export function microseconds(text: string): number | null {
  if (text.length !== TIME_CHARS || text.charCodeAt(TIME_CHARS - 1) !== UPPER_Z) return null;
  if (!text.startsWith(last.second)) [last, before] = [before, last];
  if (!text.startsWith(last.second)) {
    const second = `${text.slice(0, SECOND_CHARS)}000Z`;
    const time = Date.parse(second);
    if (!(time >= 0) || new Date(time).toISOString() !== second) return null;
    last.second = text.slice(0, SECOND_CHARS);
    last.time = time * 1_000;
  }
  let rest = 0;
  for (let at = SECOND_CHARS; at < TIME_CHARS - 1; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return null;
    rest = rest * 10 + digit;
  }
  return last.time + rest;
}
const TIME_CHARS = "2026-03-01T08:00:00.000001Z".length;
const SECOND_CHARS = "2026-03-01T08:00:00.".length;
const ZERO = 0x30;
const UPPER_Z = 0x5a;
/** Whole seconds that were read last, with the dot, and their time: two, because what begins is read in turns with what ends. */
let last = { second: "?", time: 0 };
let before = { second: "?", time: 0 };
