/**
 * A conversation of very many flows, such as a question a second, each from a port of its own. The first of them are judged
 * one by one; behind them those that could be judged in another way: the first and the last of each kind in some minutes.
 * What makes a kind is all that clauses look at, so one write behind ten thousand reads is a kind of its own.
 */
import { ASKING_FIELDS } from "../decode/facts.ts";
import { LIMITS } from "../limits.ts";
import { APP_PARTS } from "../model/apps.ts";
import type { Model } from "../model/types.ts";
import { exchangesOfFlow, farthestOf } from "./clocks.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { answersOf } from "./up.ts";

/** DNS answers come and go, days and hours end: what is minutes apart may be judged in another way. */
const TIME_SEC = 300;
/** Offsets of clocks that are no further apart than that are one. */
const OFFSETS_PER_SEC = 100;

/** Fields that some rule holds an expectation against, or is told apart by. */
export function fieldsOf(models: readonly Model[]): ReadonlySet<string> {
  const fields = new Set(["tls.version", "http.content-type", ...Object.values(APP_PARTS).map(({ field }) => field)]);
  for (const { rules } of models)
    for (const { expect } of rules) for (const one of expect) if (one.kind === "field") fields.add(one.field);
  return fields;
}

export class AlikeFlows {
  /** True where more kinds were there than are looked at. */
  overflowed = false;
  readonly #fields: ReadonlySet<string>;
  readonly #kinds = new Map<string, SubjectFlow | null>();
  #largest: readonly [number, number] = [0, 0];
  #added = 0;

  constructor(fields: ReadonlySet<string>) {
    this.#fields = fields;
  }

  /** True where it is to be judged now. Else it may be the last of its kind, see `last`. */
  isNew(flow: SubjectFlow): boolean {
    const kind = this.#kindOf(flow);
    const [low, high] = this.#largest;
    const larger = flow.bursts[0] > low || flow.bursts[1] > high;
    if (larger) this.#largest = [Math.max(low, flow.bursts[0]), Math.max(high, flow.bursts[1])];
    if (this.#kinds.has(kind) && !larger) {
      this.#kinds.set(kind, flow);
      return false;
    }
    if (this.#added >= LIMITS.conversationFlows) {
      this.overflowed = true;
      return false;
    }
    this.#kinds.set(kind, null);
    this.#added++;
    return true;
  }

  /** The last flow of each kind that came more than once. */
  *last(): Generator<SubjectFlow> {
    for (const flow of this.#kinds.values()) if (flow !== null) yield flow;
  }

  #kindOf(flow: SubjectFlow): string {
    const said = new Set<string>();
    for (const { fact, dir } of flow.sightings) {
      if (fact.kind === "name") said.add(`${fact.source} ${fact.name}`);
      else if (fact.kind === "role") said.add(`${dir} ${fact.sender}`);
      else if (fact.kind === "message") said.add(`${dir} ${fact.what} ${fact.failed === true}`);
      else if (fact.kind === "fault") said.add(`${fact.what} ${fact.code}`);
      else if (fact.kind === "problem") said.add(fact.what);
      else if (fact.kind === "inner") said.add(fact.app);
      else if (fact.kind === "field" && (this.#fields.has(fact.field) || fact.field in ASKING_FIELDS))
        said.add(`${fact.field}=${fact.value}`);
    }
    for (const { protocol, role, code, class: of, unasked } of flow.operations.kinds)
      said.add(`${protocol} ${role} ${code} ${of} ${unasked > 0}`);
    const { exchanges } = exchangesOfFlow(flow);
    for (const exchange of exchanges) said.add(`clock ${Math.round(farthestOf(exchange) * OFFSETS_PER_SEC)}`);
    const { outcome, firstWords, handshake, openedSec, icmpType, cut } = flow;
    const at = Math.floor(flow.firstSec / TIME_SEC);
    const flags = [
      ...[
        flow.asked > 0,
        flow.answered > 0,
        flow.unfinished,
        flow.lacking,
        flow.lacksEnd,
        flow.holed,
        flow.unknownContent,
        flow.cutShort,
        flow.hasData,
      ],
      ...[
        flow.overlaps.length > 0,
        flow.gaps.length > 0,
        flow.foreign > 0,
        flow.foreignFrames.length > 0,
        flow.dropped > 0,
        flow.undecoded > 0,
        flow.quotes.length > 0,
      ],
      ...[
        flow.leads !== null,
        flow.operations.dropped > 0,
        openedSec === flow.firstSec,
        flow.reset?.nearer,
        flow.sentOn !== null,
        flow.session !== null,
        answersOf(flow)?.question === null,
        flow.heard?.some(({ roles }) => roles.length > 0),
        handshake?.state === "open" && handshake.dropped,
      ],
    ].map(Number);
    const known = [at, outcome, firstWords, handshake?.state, icmpType, cut, flags.join(""), flow.beginsAs.join()];
    return [...known, ...[...said].sort()].join("\n");
  }
}
