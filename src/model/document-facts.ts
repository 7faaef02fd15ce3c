/**
 * What a ports-and-protocols document states, drawn out of its plain text: host names, addresses, ports, dates. Ports are
 * only numbers to a reader who does not know the layout, so a number counts where something beside it says that it is one.
 */
import { parseAddress } from "../address.ts";
import { psl } from "./lazy.ts";

/** Each fact with the first line (1-based) on which it stands. */
export interface DocumentFacts {
  /** Lower case, wildcards as written. */
  hosts: Map<string, number>;
  /** Canonical hex with the family before it, `4:0a000001`, so that spellings agree. */
  addresses: Map<string, { line: number; text: string }>;
  ports: Map<number, number>;
  /** `YYYY-MM-DD`, or `YYYY-MM` where the document gives no day. */
  dates: Map<string, number>;
}

export function documentFacts(text: string): DocumentFacts {
  const facts: DocumentFacts = { hosts: new Map(), addresses: new Map(), ports: new Map(), dates: new Map() };
  let before = "";
  for (const [i, whole] of text.split("\n").entries()) {
    const line = i + 1;
    // Each kind is taken out of the line before the next is looked for, because an address is full of numbers.
    const withoutDates = takeDates(whole, (date) => first(facts.dates, date, line));
    const withoutAddresses = takeAddresses(withoutDates, (key, shown) => {
      if (!facts.addresses.has(key)) facts.addresses.set(key, { line, text: shown });
    });
    const rest = takeHosts(withoutAddresses, (host) => first(facts.hosts, host, line));
    takePorts(rest, before, (port) => first(facts.ports, port, line));
    if (whole.trim() !== "") before = whole;
  }
  return facts;
}

function first<Key>(map: Map<Key, number>, key: Key, line: number): void {
  if (!map.has(key)) map.set(key, line);
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const ISO_DATE = /\b([0-9]{4})-([0-9]{2})-([0-9]{2})\b/g;
/** Day first, as everywhere but in the United States; month first where the day would be impossible. */
const SLASH_DATE = /\b([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{4}|[0-9]{2})\b/g;
const DAY_MONTH_YEAR = new RegExp(`\\b([0-9]{1,2})[. -]+${MONTH}[, -]+([0-9]{4})\\b`, "gi");
const MONTH_DAY_YEAR = new RegExp(`\\b${MONTH}\\.? +([0-9]{1,2}),? +([0-9]{4})\\b`, "gi");
const MONTH_YEAR = new RegExp(`\\b${MONTH}[. -]+([0-9]{4})\\b`, "gi");

/** Tells every date and returns the line without them. */
export function takeDates(line: string, tell: (date: string) => void): string {
  const two = (value: string | number) => String(value).padStart(2, "0");
  const monthOf = (name: string) => two(MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1);
  const blank = (date: string): string => {
    tell(date);
    return " ";
  };
  return line
    .replace(ISO_DATE, (_, year, month, day) => blank(`${year}-${month}-${day}`))
    .replace(SLASH_DATE, (_, a: string, b: string, year: string) => {
      const [day, month] = Number(b) > 12 ? [b, a] : [a, b];
      return blank(`${year.length === 2 ? `20${year}` : year}-${two(month)}-${two(day)}`);
    })
    .replace(DAY_MONTH_YEAR, (_, day, month, year) => blank(`${year}-${monthOf(month)}-${two(day)}`))
    .replace(MONTH_DAY_YEAR, (_, month, day, year) => blank(`${year}-${monthOf(month)}-${two(day)}`))
    .replace(MONTH_YEAR, (_, month, year) => blank(`${year}-${monthOf(month)}`));
}

const ADDRESS =
  /(?<![\w.:])(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|(?:[0-9a-f]{0,4}:){2,}[0-9a-f.:]*)(\/[0-9]{1,3})?(?![\w:]|\.\w)/gi;

/** What parses as an address, with or without a prefix length. Tells `FAMILY:HEX[/LENGTH]` and the text. */
function takeAddresses(line: string, tell: (key: string, text: string) => void): string {
  return line.replace(ADDRESS, (whole, prefix = "") => {
    const bare = whole.slice(0, whole.length - prefix.length);
    // A full stop or colon behind an IPv6 address belongs to the sentence.
    const address = parseAddress(bare) ?? parseAddress(bare.replace(/[.:]$/, ""));
    if (address === null) return whole;
    tell(`${address.family}:${address.hex}${prefix}`, whole);
    return " ";
  });
}

/** Names under a suffix that exists: `docs.example.com` and `*.example.com`, not `case_one.png` or `e.g`. */
export function takeHosts(line: string, tell: (host: string) => void): string {
  return line.replace(/(?:\*{1,2}\.)*(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z]{2,24}(?![\w-])/gi, (whole) => {
    const host = whole.toLowerCase();
    const parsed = psl().parse(host.replace(/^(?:\*{1,2}\.)+/, ""));
    if ("error" in parsed || !parsed.listed || parsed.domain === null) return whole;
    tell(host);
    return " ";
  });
}

/** A number that is whole: no part of a version, a word, an amount or a money. */
const NUMBER =
  /(?<![\w.,$€£%©-]|\d )([0-9]{1,5})(?![\w%]|\.[0-9]|,[0-9]{3}\b|\s*(?:[kmg]?bps|[kmgt]b|fps|ips|gop|ms|mp|sec|second|min|minute|hour|day|week|month|year|stream|channel|user)s?\b)/gi;
/** The number of a heading, `2 Ports`; and a line of a table of contents, with its leader dots and page. */
const HEADING = /^\s*1?[0-9](?:\.[0-9]+)*\s+(?!tcp|udp|sctp)(?=[a-z])/i;
const CONTENTS = /\.{4,}\s*[0-9]+\s*$/;
const PORT_WORDS = /\b(?:tcp|udp|sctp|ports?)\b/i;
/** `1443:` or `80: HTTP`, and `| 22 |` or `| 636 (secure)` in a table. */
const LABELLED = /^\s*([0-9]{1,5}):(?:\s|$)/;
const CELL = /(?<=\|\s*(?:[0-9]{1,5}\s*[,/(][^|]*)?)(?<![\w.])([0-9]{2,5})(?=\s*(?:[,|(:]|$))/g;

/** Tells every number of a line that its surroundings call a port. */
function takePorts(line: string, before: string, tell: (port: number) => void): void {
  const take = (text: string): void => {
    const port = Number(text);
    if (port >= 1 && port <= 65_535) tell(port);
  };
  const bare = /^[\s0-9,/–-]+$/.test(line) && /[0-9]/.test(line);
  // A range's ends stand beside a dash, which otherwise is a part of a word: make it a blank first.
  const spread = line.replace(HEADING, " ").replace(/([0-9])\s*[–—-]\s*(?=[0-9])/g, "$1 / ");
  if (CONTENTS.test(line)) return;
  if (PORT_WORDS.test(line) || (bare && /^\s*(?:tcp|udp|sctp)\b/i.test(before))) {
    for (const [, number] of spread.matchAll(NUMBER)) take(number!);
  }
  const label = LABELLED.exec(line);
  if (label !== null) take(label[1]!);
  if (line.includes("|")) for (const [, number] of line.matchAll(CELL)) take(number!);
}

/** Every number that could be a port, wherever it stands: how `left-out` names ports. */
export function allNumbers(text: string): number[] {
  return [...text.matchAll(/[0-9]{1,5}/g)].map(([number]) => Number(number));
}
