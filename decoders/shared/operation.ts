/** One operation on a device, told in a line: what decoders of controllers say of every message. */
import type { Emit } from "../../src/decode/decoder.ts";
import type { OperationClass, OperationFact } from "../../src/decode/facts.ts";

/** What a code means: its name in the protocol's own words, and the class of what it does. */
export type Meaning = readonly [operation: string, class_: OperationClass];

interface More {
  target?: string | null;
  /** Pairs it with its answer; absent where the protocol has nothing to pair by. */
  id?: string | null;
  failed?: boolean;
  /** Of an answer that failed: why, for people. */
  answer?: string;
  /** The message that carries it was told before. */
  within?: true;
  /** What it carries is told beside it. */
  carries?: true;
}

export function tellOperation(
  emit: Emit,
  protocol: string,
  role: "request" | "response",
  code: string | number,
  [operation, class_]: Meaning,
  { target = null, id = null, failed = false, answer, within, carries }: More = {},
): void {
  const fact: OperationFact = {
    ...{ kind: "operation", protocol, role, code: String(code), operation, class: class_, target, id, failed },
  };
  if (answer !== undefined) fact.answer = answer;
  if (within !== undefined) fact.within = within;
  if (carries !== undefined) fact.carries = carries;
  emit(fact);
}

/** A code that no table knows: told as it stands, and `unknown`, because whoever claims that all was read must not be wrong. */
export const unknownCode = (what: string, code: number, digits = 2): Meaning => [
  `${what} 0x${code.toString(16).padStart(digits, "0")}`,
  "unknown",
];

/** The targets of one operation as one text, all of them up to a few; null where there are none. */
export const MOST_TARGETS = 8;
export const joinTargets = (targets: readonly string[], more = targets.length > MOST_TARGETS): string | null =>
  targets.length === 0 ? null : targets.slice(0, MOST_TARGETS).join(",") + (more ? ",…" : "");
