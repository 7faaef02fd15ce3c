/**
 * Completeness against the document: each host, address, port and date of its text is used by the model or named under
 * `left-out`, and the model has none that the text has not. For a new version of a document this is the difference.
 */
import { parseAddress } from "../address.ts";
import { nearest } from "../words.ts";
import { allNumbers, type DocumentFacts, documentFacts } from "./document-facts.ts";
import type { Model, Problem } from "./types.ts";

/** What the model states, by the same keys as `DocumentFacts`. */
interface ModelFacts {
  hosts: Map<string, number>;
  addresses: Map<string, { line: number; text: string }>;
  ports: Map<number, number>;
  dates: Map<string, number>;
}

/** All findings are errors; lines are those of the document (`source` given) or of the model. */
export function lintDocument(model: Model, text: string, source: string): Problem[] {
  const document = documentFacts(text);
  const stated = modelFacts(model);
  const leftOut = documentFacts(model.leftOut.map(({ fact }) => fact).join("\n"));
  const leftNumbers = new Set(model.leftOut.flatMap(({ fact }) => allNumbers(fact)));
  const printed = documentFacts(model.document.version ?? "");
  const problems: Problem[] = [];
  const missing = (line: number, what: string, near: string | null = null): void => {
    const hint = near === null ? "" : ` (the model has ${near})`;
    const message = `${what} is neither used by the model nor named under left-out${hint}`;
    problems.push({ severity: "error", source, line, column: 1, message });
  };
  const surplus = (line: number, what: string): void => {
    problems.push({
      severity: "error",
      source: model.source,
      line,
      column: 1,
      message: `${what} is not in the document`,
    });
  };

  for (const [host, line] of document.hosts) {
    if (!stated.hosts.has(host) && !leftOut.hosts.has(host)) {
      missing(line, `host ${host}`, nearest(host, stated.hosts.keys()));
    }
  }
  for (const [key, { line, text: shown }] of document.addresses) {
    if (!stated.addresses.has(key) && !leftOut.addresses.has(key)) missing(line, `address ${shown}`);
  }
  for (const [port, line] of document.ports) {
    if (!stated.ports.has(port) && !leftNumbers.has(port)) missing(line, `port ${port}`);
  }
  for (const [date, line] of document.dates) {
    if (![stated, leftOut, printed].some(({ dates }) => dates.has(date))) missing(line, `date ${date}`);
  }

  for (const [host, line] of stated.hosts) if (!document.hosts.has(host)) surplus(line, `host ${host}`);
  for (const [key, { line, text: shown }] of stated.addresses) {
    if (!document.addresses.has(key)) surplus(line, `address ${shown}`);
  }
  for (const [port, line] of stated.ports) if (!document.ports.has(port)) surplus(line, `port ${port}`);
  for (const [date, line] of stated.dates) if (!document.dates.has(date)) surplus(line, `date ${date}`);
  return problems;
}

function modelFacts(model: Model): ModelFacts {
  const facts: DocumentFacts = { hosts: new Map(), addresses: new Map(), ports: new Map(), dates: new Map() };
  for (const { hosts, addresses, line = 1 } of model.endpoints) {
    for (const host of hosts) if (host.parameter === null) facts.hosts.set(host.text, line);
    for (const { text } of addresses) {
      for (const key of addressKeys(text)) facts.addresses.set(key, { line, text });
    }
  }
  for (const { type, default: standard, line = 1 } of model.parameters) {
    if (type === "port" && standard !== null) facts.ports.set(Number(standard), line);
  }
  for (const rule of model.rules) {
    for (const { transport, ports } of rule.over) {
      if (transport === "ip") continue;
      for (const { first, last } of ports) {
        if (first < 0) continue;
        facts.ports.set(first, rule.line);
        facts.ports.set(last, rule.line);
      }
    }
    if (rule.retiredAfter !== null) facts.dates.set(rule.retiredAfter, rule.line);
  }
  return facts;
}

/** A prefix as one key, a range as the keys of its two ends. */
function addressKeys(text: string): string[] {
  const [, prefix = ""] = /(\/[0-9]+)$/.exec(text) ?? [];
  return text
    .slice(0, text.length - prefix.length)
    .split("-")
    .flatMap((part) => {
      const address = parseAddress(part);
      return address === null ? [] : [`${address.family}:${address.hex}${prefix}`];
    });
}
