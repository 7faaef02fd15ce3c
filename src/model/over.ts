/**
 * `over`: transport and ports.
 *
 *     tcp/443   tcp/443,8443   udp/1024-65535   tcp/$icap-port   tcp (any port)   icmp   icmp/3,8   ip/2   eth   any
 */
import { quote, unknownWord } from "../words.ts";
import type { Over, Parameter, PortRange, Transport } from "./types.ts";
import { type Fail, parsePort } from "./values.ts";

export const TRANSPORTS: readonly Transport[] = ["tcp", "udp", "sctp", "icmp", "icmp6", "eth", "ip", "any"];
const WITH_PORTS: readonly string[] = ["tcp", "udp", "sctp"];
const WITH_TYPES: readonly string[] = ["icmp", "icmp6"];

/** One alternative. Null where it can't be read, every reason told to `fail`. */
export function parseOver(text: string, parameters: readonly Parameter[], fail: Fail): Over | null {
  return onePort(text) ?? parseAnyOver(text, parameters, fail);
}

/** `tcp/443`: what most rules have. Null for all else, right or wrong. */
function onePort(text: string): Over | null {
  const transport = text.startsWith("tcp/") ? "tcp" : text.startsWith("udp/") ? "udp" : null;
  const port = transport === null ? null : parsePort(text.slice(4));
  if (transport === null || port === null) return null;
  return { transport, ports: [{ first: port, last: port, parameter: null }], text };
}

function parseAnyOver(text: string, parameters: readonly Parameter[], fail: Fail): Over | null {
  const slash = text.indexOf("/");
  const word = slash < 0 ? text : text.slice(0, slash);
  const rest = slash < 0 ? null : text.slice(slash + 1);
  const transport = TRANSPORTS.find((known) => known === word);
  if (transport === undefined) {
    if (!/^[0-9$]/.test(word)) fail(unknownWord("transport", word, TRANSPORTS));
    else fail(rest === null ? portAlone(word) : turnedAround(word, rest));
    return null;
  }
  if (transport === "ip") return parseProtocol(rest, text, fail);
  if (rest === null) return { transport, ports: [], text };
  if (WITH_TYPES.includes(transport)) return parseTypes(rest, transport, text, fail);
  if (!WITH_PORTS.includes(transport)) {
    fail(`${transport} has no ports; found ${quote(text)}, expected ${transport} alone`, slash + 1);
    return null;
  }
  const ports = parsePorts(rest, transport, parameters, (message, at = 0) => fail(message, slash + 1 + at));
  return ports === null ? null : { transport, ports, text };
}

/** `[tcp/443,8443]` is a list of two in YAML: the comma ends a plain word inside brackets. */
function portAlone(port: string): string {
  return `found a port without a transport, ${quote(port)}; inside brackets quote the value: "tcp/443,${port}"`;
}

function turnedAround(port: string, transport: string): string {
  const word = TRANSPORTS.find((known) => known === transport.toLowerCase());
  return word === undefined
    ? `expected a transport first; found ${quote(`${port}/${transport}`)}, write for example tcp/443`
    : `transport and port are turned around; found ${quote(`${port}/${transport}`)}, write ${word}/${port}`;
}

/** `ip/2`: an IP protocol by its number. */
function parseProtocol(rest: string | null, text: string, fail: Fail): Over | null {
  const number = rest !== null && /^(?:0|[1-9][0-9]{0,2})$/.test(rest) ? Number(rest) : 256;
  if (number > 255) {
    fail(`expected an IP protocol's number, 0 to 255, such as ip/2 for IGMP; found ${quote(text)}`);
    return null;
  }
  return { transport: "ip", ports: [{ first: number, last: number, parameter: null }], text };
}

/** `icmp/3,8`: types, of a question that is answered the question's. */
function parseTypes(rest: string, transport: Transport, text: string, fail: Fail): Over | null {
  const types = rest.split(",").map((item) => {
    const [first, last = first] = item.split("-");
    const isType = (word: string | undefined) => /^(?:0|[1-9][0-9]{0,2})$/.test(word ?? "") && Number(word) <= 255;
    return isType(first) && isType(last) && Number(first) <= Number(last)
      ? { first: Number(first), last: Number(last), parameter: null }
      : null;
  });
  if (types.every((type) => type !== null)) return { transport, ports: types, text };
  fail(
    `expected ICMP types, 0 to 255, such as ${transport}/3,8 or ${transport}/133-136; found ${quote(text)}`,
    transport.length + 1,
  );
  return null;
}

function parsePorts(text: string, transport: string, parameters: readonly Parameter[], fail: Fail): PortRange[] | null {
  const ports: PortRange[] = [];
  let wrong = false;
  let at = 0;
  for (const item of text.split(",")) {
    const lead = item.length - item.trimStart().length;
    const port = parsePortItem(item.trim(), transport, parameters, (message) => fail(message, at + lead));
    if (port === null) wrong = true;
    else if (port.parameter === null && ports.some((other) => overlaps(other, port))) {
      fail(`port ${item.trim()} is listed twice in ${quote(`${transport}/${text}`)}`, at + lead);
      wrong = true;
    } else ports.push(port);
    at += item.length + 1;
  }
  return wrong ? null : ports;
}

function overlaps(a: PortRange, b: PortRange): boolean {
  return a.parameter === null && a.first <= b.last && b.first <= a.last;
}

function parsePortItem(
  item: string,
  transport: string,
  parameters: readonly Parameter[],
  fail: (message: string) => void,
): PortRange | null {
  if (item.startsWith("$")) {
    const parameter = portParameter(item, parameters, fail);
    return parameter === null ? null : { first: -1, last: -1, parameter };
  }
  const single = parsePort(item); // what nearly all are
  if (single !== null) return { first: single, last: single, parameter: null };
  const [first, last, ...more] = item.split(/[-–]/).map((part) => parsePort(part.trim()));
  if (first === undefined || first === null || last === null || more.length > 0) {
    fail(wrongPort(item, transport));
    return null;
  }
  if (last !== undefined && last < first) {
    fail(`impossible range ${quote(item)}; expected the lower port first: ${last}-${first}`);
    return null;
  }
  return { first, last: last ?? first, parameter: null };
}

function wrongPort(item: string, transport: string): string {
  if (item === "any" || item === "*") return `any port is written ${transport} alone; found ${transport}/${item}`;
  if (/^[0-9]+\/[0-9]+$/.test(item)) return `several ports are a list; found ${item}, write ${item.replace("/", ",")}`;
  if (item.includes("/")) return `several transports are a list, such as [udp/53, tcp/53]; found ${quote(item)}`;
  return `impossible port ${quote(item)}; expected 1 to 65535, a range such as 1024-65535, or $parameter`;
}

/** The name of a parameter of type `port`, without its `$`; null where there is none such. */
export function portParameter(
  text: string,
  parameters: readonly Parameter[],
  fail: (message: string) => void,
): string | null {
  const name = text.slice(1);
  const parameter = parameters.find((known) => known.name === name);
  if (parameter?.type === "port") return name;
  if (parameter !== undefined) fail(`parameter ${quote(name)} is no port but of type ${parameter.type}`);
  else {
    const ports = parameters.filter((known) => known.type === "port").map((known) => known.name);
    fail(unknownWord("port parameter", name, ports));
  }
  return null;
}

/** Ports as reports and views list them: `443,8443`, `1024-65535`; empty where any port will do. */
export function portsText(over: Over): string {
  return over.ports
    .map(({ first, last, parameter }) => {
      if (first < 0) return `$${parameter}`;
      return first === last ? String(first) : `${first}-${last}`;
    })
    .join(",");
}
