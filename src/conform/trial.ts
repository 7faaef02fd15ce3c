/** One rule tried on one flow: its clauses, each worked out when it is first asked for. */
import type { Rule } from "../model/types.ts";
import { cutClause, unkeptClause } from "./caps.ts";
import type { Clause } from "./clause.ts";
import { heardApp, heardWhom, type JudgeContext, type LoadedModel, ofOneHost, servedHere, whoClause } from "./cover.ts";
import { type Broken, checkExpectation } from "./expect.ts";
import { overClause } from "./over-clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { upClause } from "./up.ts";

/** All clauses of one rule on one flow. */
export interface Tried {
  readonly loaded: LoadedModel;
  readonly rule: Rule;
  readonly who: Clause;
  readonly whom: Clause;
  readonly over: Clause;
  readonly app: Clause;
  readonly when: Clause;
  readonly up: Clause;
  readonly expect: readonly Clause[];
  /** The rule expects no answer. */
  readonly silent: boolean;
  readonly broken: Broken | null;
}

const NO_CLAUSES: readonly Clause[] = [];

export function clausesOf(tried: Tried): Clause[] {
  return [tried.who, tried.whom, tried.over, tried.app, tried.when, tried.up, ...tried.expect];
}

/** The rule on the flow, each clause tried when it is first asked for: most rules fail by one, and nobody asks for the rest. */
export function tryRule(
  loaded: LoadedModel,
  rule: Rule,
  subject: Subject,
  flow: SubjectFlow,
  context: JudgeContext,
): Tried {
  return new Trial(loaded, rule, subject, flow, context);
}

class Trial implements Tried {
  readonly loaded: LoadedModel;
  readonly rule: Rule;
  readonly silent: boolean;
  readonly #when: Clause;
  readonly #subject: Subject;
  readonly #flow: SubjectFlow;
  readonly #context: JudgeContext;
  #over: Clause | null = null;
  #who: Clause | null = null;
  #whom: Clause | null = null;
  #app: Clause | null = null;
  #up: Clause | null = null;
  #expect: readonly Clause[] | null = null;
  #broken: Broken | null = null;

  constructor(loaded: LoadedModel, rule: Rule, subject: Subject, flow: SubjectFlow, context: JudgeContext) {
    const { when, silent } = loaded.prepared(rule);
    this.loaded = loaded;
    this.rule = rule;
    this.silent = silent;
    this.#when = when;
    this.#subject = subject;
    this.#flow = flow;
    this.#context = context;
  }

  get when(): Clause {
    return this.#when;
  }
  get over(): Clause {
    this.#over ??= overClause(this.loaded, this.rule, this.#subject, this.#flow);
    return this.#over;
  }
  get who(): Clause {
    if (this.#who !== null) return this.#who;
    const end = whoClause(this.loaded, this.rule, this.#subject, this.#flow, this.over, this.#context);
    this.#who = ofOneHost(end, this.loaded, this.#subject, this.#context);
    return this.#who;
  }
  get whom(): Clause {
    this.#whom ??= heardWhom(this.loaded, this.rule, this.#subject, this.#flow, this.#context);
    return this.#whom;
  }
  get app(): Clause {
    this.#app ??= heardApp(this.loaded, this.rule, this.#subject, this.#flow);
    return this.#app;
  }
  get up(): Clause {
    this.#up ??= servedHere(upClause(this.#flow, this.silent), this.loaded, this.#flow);
    return this.#up;
  }
  get expect(): readonly Clause[] {
    this.#expect ??= this.#expected();
    return this.#expect;
  }
  get broken(): Broken | null {
    this.#expect ??= this.#expected();
    return this.#broken;
  }

  #expected(): readonly Clause[] {
    const cut = cutClause(this.#flow, this.silent, this.#context.caps);
    if (this.rule.expect.length === 0 && cut === null) return NO_CLAUSES;
    const expect: Clause[] = cut === null ? [] : [cut];
    for (const expectation of this.rule.expect) {
      const checked = checkExpectation(expectation, this.#flow, this.#subject, this.#context);
      if ("clause" in checked && typeof checked.clause === "object") {
        this.#broken ??= checked as Broken;
        expect.push(checked.clause);
      } else expect.push(unkeptClause(expectation, this.#flow) ?? (checked as Clause));
    }
    return expect;
  }
}

/** What was tried of one rule, for another that differs from it in its endpoint's names and addresses alone. */
export function triedAs(rule: Rule, tried: Tried, subject: Subject, flow: SubjectFlow, context: JudgeContext): Tried {
  return retold(tried, rule, heardWhom(tried.loaded, rule, subject, flow, context));
}

/** All of it tried, for whoever keeps it: what it was tried in, all conversations of that time among it, is let go of. */
export function settled(tried: Tried): Tried {
  return tried instanceof Trial ? retold(tried, tried.rule, tried.whom) : tried;
}

/** What was tried, with another clause in place of "whom". */
export function retold(
  { loaded, who, over, app, when, up, expect, silent, broken }: Tried,
  rule: Rule,
  whom: Clause,
): Tried {
  return { loaded, rule, who, whom, over, app, when, up, expect, silent, broken };
}
