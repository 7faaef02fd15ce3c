/**
 * `expect`: what else must hold, one line each.
 *
 *     tls.version: at least 1.2            packets: at most 1 a burst       content-type: message/http
 *     encrypted: true                      reply: none                      time-of-day: 22:00-06:00
 *     operations: at most read             ntp.offset: within 3 s           clocks: client and gateway within 3 s
 *     DECODER.FIELD: value · at most N · at least N · [value, value]
 */
import { OPERATION_CLASSES } from "../decode/facts.ts";
import { quote, unknownWord } from "../words.ts";
import type { Expectation } from "./types.ts";
import { type Fail, parseDuration } from "./values.ts";

/** Keys with a meaning of their own; any other is a decoder's field. */
export const EXPECT_KEYS = [
  "tls.version",
  "encrypted",
  "operations",
  "ntp.offset",
  "clocks",
  "packets",
  "reply",
  "content-type",
  "time-of-day",
] as const;
type ExpectKey = (typeof EXPECT_KEYS)[number];

const TLS_VERSIONS: Record<string, number> = { "1.0": 0x0301, "1.1": 0x0302, "1.2": 0x0303, "1.3": 0x0304 };

export interface ExpectNames {
  roles: ReadonlySet<string>;
  /** Applications whose fields may be named. */
  apps: readonly string[];
}

/**
 * One line of `expect`. `values` holds one text, or several where a list was written. Null where it can't be read; the
 * reason goes to `failKey` where the key is at fault, else to `fail`.
 */
export function parseExpectation(
  key: string,
  values: readonly string[],
  names: ExpectNames,
  failKey: Fail,
  fail: Fail,
): Expectation | null {
  const text = `${key}: ${values.join(", ")}`;
  const known = EXPECT_KEYS.find((word) => word === key);
  if (known === undefined) return parseField(key, values, text, names.apps, failKey, fail);
  const [value] = values;
  if (values.length !== 1 || value === undefined) {
    fail(`${key} takes one value; found ${values.length}`);
    return null;
  }
  return PARSERS[known](value, text, fail, names);
}

type Parser = (value: string, text: string, fail: Fail, names: ExpectNames) => Expectation | null;

const PARSERS: Record<ExpectKey, Parser> = {
  "tls.version": (value, text, fail) => {
    const [, version] = /^at least (?:TLS ?)?([0-9.]+)$/i.exec(value) ?? [];
    const least = version === undefined ? undefined : TLS_VERSIONS[version];
    if (least === undefined) return wrong(value, "at least 1.0, 1.1, 1.2 or 1.3", fail);
    return { kind: "tls-version", least, text };
  },
  encrypted: (value, text, fail) => {
    if (value !== "true" && value !== "false") return wrong(value, "true or false", fail);
    return { kind: "encrypted", value: value === "true", text };
  },
  operations: (value, text, fail) => {
    const [, most] = /^at most (\S+)$/.exec(value) ?? [];
    if (most === undefined) return wrong(value, "at most CLASS, such as at most read", fail);
    if (!OPERATION_CLASSES.some((known) => known === most)) {
      fail(unknownWord("operation class", most, OPERATION_CLASSES), "at most ".length);
      return null;
    }
    return { kind: "operations", most, text };
  },
  "ntp.offset": (value, text, fail) => {
    const withinMs = within(value);
    if (withinMs === null) return wrong(value, "within DURATION, such as within 3 s", fail);
    return { kind: "ntp-offset", withinMs, text };
  },
  clocks: (value, text, fail, names) => {
    const [, first, second, rest] = /^(\S+) and (\S+) (within .+)$/.exec(value) ?? [];
    const withinMs = rest === undefined ? null : within(rest);
    if (first === undefined || second === undefined || withinMs === null) {
      return wrong(value, "ROLE and ROLE within DURATION, such as client and gateway within 3 s", fail);
    }
    for (const role of [first, second]) {
      if (names.roles.has(role)) continue;
      fail(unknownWord("role", role, [...names.roles]), value.indexOf(role));
      return null;
    }
    return { kind: "clocks", roles: [first, second], withinMs, text };
  },
  packets: (value, text, fail) => {
    const [, most] = /^at most ([1-9][0-9]{0,8}) a burst$/.exec(value) ?? [];
    if (most === undefined) return wrong(value, "at most N a burst, N from 1", fail);
    return { kind: "packets", most: Number(most), text };
  },
  reply: (value, text, fail) => {
    if (value !== "none" && value !== "some") return wrong(value, "none or some", fail);
    return { kind: "reply", value, text };
  },
  "content-type": (value, text, fail) => {
    if (!/^[\w.+-]+\/(?:[\w.+-]+|\*)$/.test(value)) return wrong(value, "a media type such as message/http", fail);
    return { kind: "content-type", value: value.toLowerCase(), text };
  },
  "time-of-day": (value, text, fail) => {
    const [, from, to] = /^([0-9]{2}:[0-9]{2})\s*-\s*([0-9]{2}:[0-9]{2})$/.exec(value) ?? [];
    const start = minutes(from);
    const end = minutes(to);
    if (start === null || end === null || start === end) {
      return wrong(value, "two times such as 22:00-06:00, in the site's timezone", fail);
    }
    return { kind: "time-of-day", from: start, to: end, text };
  },
};

function wrong(found: string, expected: string, fail: Fail): null {
  fail(`found ${quote(found)}, expected ${expected}`);
  return null;
}

function within(text: string): number | null {
  return text.startsWith("within ") ? parseDuration(text.slice("within ".length)) : null;
}

function minutes(text: string | undefined): number | null {
  const [hours, mins] = (text ?? "x").split(":").map(Number);
  if (hours === undefined || mins === undefined || !(hours <= 24) || !(mins < 60)) return null;
  const total = hours * 60 + mins;
  return total <= 24 * 60 ? total : null;
}

/** `dns.rcode: NOERROR`: a field that a decoder documents. Whether it has that field is for lint to say. */
function parseField(
  field: string,
  values: readonly string[],
  text: string,
  apps: readonly string[],
  failKey: Fail,
  fail: Fail,
): Expectation | null {
  const dot = field.indexOf(".");
  if (dot < 1) {
    failKey(unknownWord("expectation", field, EXPECT_KEYS));
    return null;
  }
  if (!apps.includes(field.slice(0, dot))) {
    failKey(unknownWord("decoder", field.slice(0, dot), apps));
    return null;
  }
  if (values.length > 1) return { kind: "field", field, compare: "in", values: values.map(asValue), text };
  const value = values[0] ?? "";
  const [, word, bound] = /^at (most|least) (.+)$/.exec(value) ?? [];
  if (word === undefined || bound === undefined) {
    return { kind: "field", field, compare: "=", values: [asValue(value)], text };
  }
  const number = asValue(bound);
  if (typeof number !== "number") return wrong(value, `at ${word} NUMBER`, fail);
  return { kind: "field", field, compare: word === "most" ? "<=" : ">=", values: [number], text };
}

function asValue(text: string): string | number {
  return /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(text) ? Number(text) : text;
}
