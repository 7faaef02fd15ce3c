/** The clause "over": transport and port, as a rule names them. */
import type { Over, Rule } from "../model/types.ts";
import { type Clause, failed, proved, unproved } from "./clause.ts";
import type { LoadedModel } from "./cover.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Over which transport and to which port. */
export function overClause(loaded: LoadedModel, rule: Rule, subject: Subject, flow: SubjectFlow): Clause {
  const { over } = loaded.prepared(rule);
  const key = overKey(loaded, subject, flow);
  const known = over.get(key);
  if (known !== undefined && key >= 0) return known;
  const clause = overAnew(loaded, rule, subject, subject.port ?? flow.icmpType, isOutside(loaded, subject));
  if (over.size >= MOST_OVER) over.clear();
  if (key >= 0) over.set(key, clause);
  return clause;
}

/** All that the clause is made of but the rule, as one number: nearly all conversations go to the same few ports. -1 for none. */
export function overKey(loaded: LoadedModel, subject: Subject, flow: SubjectFlow): number {
  const port = subject.port ?? flow.icmpType;
  return port === null || port < 0 ? -1 : ((port * 2 + Number(isOutside(loaded, subject))) << 8) | subject.proto;
}

function isOutside({ model }: LoadedModel, { responderRoles }: Subject): boolean {
  for (const played of responderRoles) if (played.model === model.name && played.host.outside) return true;
  return false;
}
/** Ports of which a rule's answer is kept. */
const MOST_OVER = 256;

function overAnew(loaded: LoadedModel, rule: Rule, subject: Subject, port: number | null, outside: boolean): Clause {
  const what = port === null ? subject.transport : `${subject.transport}/${port}`;
  let missing: string | null = null;
  for (const over of rule.over) {
    const match = overMatches(over, subject, port, outside, loaded.parameter);
    if (match === true) return proved("over", what);
    if (typeof match === "string") missing = match;
  }
  if (missing !== null) {
    return unproved(
      "over",
      "parameter-missing",
      `the port is the parameter ${missing}, which was not given`,
      `give --set ${missing}=PORT`,
    );
  }
  const beyond = outside ? publicPorts(loaded, rule) : "";
  if (beyond !== "") return failed("over", "no-rule", `${what} instead of ${beyond}, which its outside address has`);
  return failed("over", "no-rule", `${what} instead of ${overText(loaded, rule)}`);
}

/** `tcp/443 or udp/443`, with the values of parameters in place of their names where they are known. */
export function overText({ prepared }: LoadedModel, rule: Rule): string {
  return prepared(rule).overText;
}

/** `udp/40000`: the ports that a site has beyond NAT in place of the document's own; empty where they are the same. */
function publicPorts({ parameter }: LoadedModel, { over }: Rule): string {
  const texts = over.flatMap(({ transport, ports }) =>
    ports.flatMap((range) => (range.parameter === null ? [] : [`${transport}/${parameter(range.parameter)}`])),
  );
  return texts.join(" or ");
}

/** As `overText`, worked out. */
export function valuedOver({ over }: Rule, parameter: (name: string) => string | null): string {
  const valued = over.map(({ text }) => text.replace(/\$([\w-]+)/g, (whole, name) => parameter(name) ?? whole));
  return valued.join(" or ");
}

/** True, false, or the name of the parameter that would decide. */
function overMatches(
  over: Over,
  subject: Subject,
  port: number | null,
  outside: boolean,
  parameter: (name: string) => string | null,
): boolean | string {
  if (over.transport === "ip")
    return (
      over.ports.length === 0 || over.ports.some(({ first, last }) => subject.proto >= first && subject.proto <= last)
    );
  if (over.transport !== "any" && over.transport !== subject.transport) return false;
  if (over.ports.length === 0) return true;
  if (port === null) return false;
  let missing: string | false = false;
  for (const range of over.ports) {
    let { first, last } = range;
    if (range.parameter !== null && (outside || first < 0)) {
      const value = parameter(range.parameter);
      if (value === null) {
        missing = range.parameter;
        continue;
      }
      first = last = Number(value);
    }
    if (port >= first && port <= last) return true;
  }
  return missing;
}
