/** Conditions of rules: do they hold, can they ever, and how to say them. */
import { FILE_CAPS } from "./caps.ts";
import type { Condition, Parameter } from "./types.ts";
import { compareVersions } from "./values.ts";

/** What a parameter is set to; null where it was not given and has no default. */
export type ParameterValue = (parameter: string) => string | null;

/** Neither true nor false: this parameter has to be given first. */
export interface Missing {
  missing: string;
}

/**
 * Whether a condition holds. A missing parameter only matters where it decides: `and` with a false part is false,
 * `or` with a true part is true, whatever else is missing.
 */
export function evaluateCondition(condition: Condition | null, value: ParameterValue): boolean | Missing {
  if (condition === null) return true;
  switch (condition.op) {
    case "is":
    case "version": {
      const given = value(condition.parameter);
      if (given === null) return { missing: condition.parameter };
      return condition.op === "is" ? condition.values.includes(given) : holdsVersion(condition, given);
    }
    case "not": {
      const inner = evaluateCondition(condition.of, value);
      return typeof inner === "boolean" ? !inner : inner;
    }
    case "and":
    case "or": {
      const deciding = condition.op === "or";
      let missing: Missing | null = null;
      for (const part of condition.of) {
        const result = evaluateCondition(part, value);
        if (result === deciding) return deciding;
        if (typeof result !== "boolean") missing ??= result;
      }
      return missing ?? !deciding;
    }
  }
}

function holdsVersion(condition: Condition & { op: "version" }, given: string): boolean {
  const order = compareVersions(given, condition.version);
  switch (condition.compare) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=":
      return order === 0;
  }
}

/** The parameters that a condition asks for, each once, in the order in which it names them. */
export function conditionParameters(condition: Condition | null): string[] {
  const found = new Set<string>();
  const walk = (part: Condition): void => {
    if (part.op === "is" || part.op === "version") found.add(part.parameter);
    else if (part.op === "not") walk(part.of);
    else for (const inner of part.of) walk(inner);
  };
  if (condition !== null) walk(condition);
  return [...found];
}

/** `region is us and version is below 3.5.0`, for people. */
export function describeCondition(condition: Condition): string {
  switch (condition.op) {
    case "is":
      return `${condition.parameter} is ${condition.values.join(" or ")}`;
    case "version":
      return `${condition.parameter} is ${VERSION_WORDS[condition.compare]} ${condition.version}`;
    case "not":
      return `not (${describeCondition(condition.of)})`;
    case "and":
    case "or":
      return condition.of
        .map((part) =>
          (part.op === "and" || part.op === "or") && part.op !== condition.op
            ? `(${describeCondition(part)})`
            : describeCondition(part),
        )
        .join(` ${condition.op} `);
  }
}

const VERSION_WORDS = { "<": "below", "<=": "at most", ">": "above", ">=": "at least", "=": "exactly" } as const;

/**
 * Whether some choice of values makes it true. Every combination of the values that could matter is tried; where there
 * are more than `FILE_CAPS.combinations` nothing is claimed and the answer is true.
 */
export function canHold(condition: Condition, parameters: readonly Parameter[]): boolean {
  const names = conditionParameters(condition);
  const choices = names.map((name) =>
    candidates(
      condition,
      parameters.find((known) => known.name === name),
    ),
  );
  const total = choices.reduce((product, values) => product * Math.max(1, values.length), 1);
  if (total > FILE_CAPS.combinations) return true;
  for (let i = 0; i < total; i++) {
    const chosen = new Map<string, string>();
    let rest = i;
    for (const [at, values] of choices.entries()) {
      chosen.set(names[at]!, values[rest % values.length]!);
      rest = Math.floor(rest / values.length);
    }
    if (evaluateCondition(condition, (name) => chosen.get(name) ?? null) === true) return true;
  }
  return false;
}

/** Values of one parameter that can tell the parts of a condition apart. */
function candidates(condition: Condition, parameter: Parameter | undefined): string[] {
  if (parameter === undefined) return [""];
  if (parameter.type === "choice") return parameter.values.length === 0 ? [""] : parameter.values;
  const mentioned = new Set<string>();
  const walk = (part: Condition): void => {
    if (part.op === "is" && part.parameter === parameter.name) for (const value of part.values) mentioned.add(value);
    else if (part.op === "version" && part.parameter === parameter.name) mentioned.add(part.version);
    else if (part.op === "not") walk(part.of);
    else if (part.op === "and" || part.op === "or") for (const inner of part.of) walk(inner);
  };
  walk(condition);
  if (parameter.type !== "version") return [...mentioned, ""];
  // The lowest version, each one named, and one just above each: `3.5.0` and `3.5.0.1`.
  return ["0", ...[...mentioned].flatMap((version) => [version, justAbove(version)])];
}

function justAbove(version: string): string {
  return `${version}${".0".repeat(Math.max(0, 8 - version.split(".").length))}.1`;
}
