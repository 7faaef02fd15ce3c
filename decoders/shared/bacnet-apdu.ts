/**
 * BACnet's application layer: what is asked of a device's objects, and the answers. ANSI/ASHRAE 135 clause 20.1.
 *
 *     confirmed request 0   type|SEG|MOR|SA 1, sizes 1, invoke id 1, [sequence 1, window 1], service 1, parameters
 *     unconfirmed 1         type 1, service 1, parameters
 *     simple ack 2          type 1, invoke id 1, service 1                 complex ack 3   …, [sequence, window], service, result
 *     segment ack 4         type|NAK|SRV 1, invoke id 1, sequence 1, window 1
 *     error 5               type 1, invoke id 1, service 1, class and code  reject 6, abort 7   type 1, invoke id 1, reason 1
 *
 * Each segment of a long request is told as the operation that it is a part of; parameters are read in the first only.
 */
import { type Cursor, Fault } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import {
  bacnetError,
  bacnetObject,
  bacnetProperty,
  bacnetRefusal,
  bacnetVendor,
  COMMUNICATION_STATES,
  CONFIRMED,
  CONFIRMED_SERVICES,
  DEVICE,
  IDENTIFYING,
  PROPERTY,
  REINITIALIZE_STATES,
  UNCONFIRMED,
  UNCONFIRMED_SERVICES,
} from "./bacnet-codes.ts";
import { expect, isNext, readNumber, readPlain, readTag, skipList, TYPE } from "./bacnet-tags.ts";
import { type Meaning, tellOperation, unknownCode } from "./operation.ts";

const PDU = { confirmed: 0, unconfirmed: 1, simpleAck: 2, complexAck: 3, segmentAck: 4, error: 5, reject: 6, abort: 7 };
const FLAG = { segmented: 8, server: 1 } as const;
/** Targets of one request that are named; the rest shows as `…`. */
const MOST_TARGETS = 8;

/** Where a message is from or for, beyond the addresses that carry it. */
export interface Route {
  /** `5:0a`, a network and the address there; null where it is the carrier's own. */
  from: string | null;
  to: string | null;
}

/** Tells the APDU from here to the cursor's end. False for a type that is none. */
export function tellApdu(c: Cursor, route: Route, emit: Emit): void {
  c.part = "APDU";
  const first = c.u8();
  const type = first >> 4;
  if (type === PDU.confirmed) confirmed(c, first, route, emit);
  else if (type === PDU.unconfirmed) unconfirmed(c, route, emit);
  else if (type === PDU.simpleAck || type === PDU.complexAck || type === PDU.error) answer(c, first, route, emit);
  else if (type === PDU.reject || type === PDU.abort) refused(c, first, route, emit);
  else if (type === PDU.segmentAck) c.skip(3);
  else c.bad(`an APDU of type ${type}`);
  c.skip(c.left + c.cutOff);
}

/** Invoke ids belong to a pair of devices: those behind routers bring their own. */
const idOf = (invoke: number, behind: string | null): string =>
  behind === null ? String(invoke) : `${invoke}@${behind}`;

function confirmed(c: Cursor, first: number, route: Route, emit: Emit): void {
  c.skip(1);
  const id = idOf(c.u8(), route.to);
  const segment = (first & FLAG.segmented) === 0 ? 0 : c.u8();
  if ((first & FLAG.segmented) !== 0) c.skip(1);
  const service = c.u8();
  const known = CONFIRMED_SERVICES.get(service) ?? unknownCode("Service", service);
  emit({ kind: "role", sender: "client", why: "BACnet confirmed request" });
  emit({ kind: "message", what: "request", id });
  const tell = ({ text, identifies }: Target): void => {
    const target = route.to === null ? text : `${route.to}${text === null ? "" : ` ${text}`}`;
    const meaning: Meaning = identifies ? [known[0], "identify"] : known;
    tellOperation(emit, "bacnet", "request", `confirmed:${service}`, meaning, { target, id });
  };
  let target = NO_TARGET;
  if (segment === 0) {
    c.part = known[0];
    try {
      target = readTarget(c, service);
    } catch (fault) {
      // What is asked is known, only of what is not, and no further byte would tell.
      if (fault instanceof Fault && fault.what === "malformed") tell(NO_TARGET);
      throw fault;
    }
  }
  tell(target);
}

interface Target {
  text: string | null;
  /** Nothing is asked for but what says which device it is. */
  identifies: boolean;
}
const NO_TARGET: Target = { text: null, identifies: false };

function readTarget(c: Cursor, service: number): Target {
  if (service === CONFIRMED.readProperty || service === CONFIRMED.writeProperty) {
    const object = readNumber(c, expect(c, 0));
    const { text, identifies } = readReference(c, 1, object);
    return { text: `${bacnetObject(object)} ${text}`, identifies: identifies && service === CONFIRMED.readProperty };
  }
  if (service === CONFIRMED.readMultiple || service === CONFIRMED.writeMultiple)
    return readTargets(c, service === CONFIRMED.readMultiple);
  if (service === CONFIRMED.readFile || service === CONFIRMED.writeFile) {
    const tag = readTag(c);
    if (tag.context || tag.number !== TYPE.object) c.bad("no file");
    return { text: bacnetObject(readNumber(c, tag.length)), identifies: false };
  }
  if (service === CONFIRMED.subscribe || service === CONFIRMED.subscribeProperty) {
    c.skip(expect(c, 0)); // the subscriber's own number
    return { text: bacnetObject(readNumber(c, expect(c, 1))), identifies: false };
  }
  if (service === CONFIRMED.reinitialize) return readState(c, 0, REINITIALIZE_STATES);
  if (service === CONFIRMED.communication) {
    if (isNext(c, 0)) c.skip(expect(c, 0)); // for how long
    return readState(c, 1, COMMUNICATION_STATES);
  }
  return NO_TARGET;
}

function readState(c: Cursor, tag: number, states: readonly string[]): Target {
  const state = readNumber(c, expect(c, tag));
  return { text: states[state] ?? `state ${state}`, identifies: false };
}

/** A property in the context's tag, and its index in the next one, where there is one. */
function readReference(c: Cursor, tag: number, object: number): Target {
  const property = readNumber(c, expect(c, tag));
  const index = isNext(c, tag + 1) ? `[${readNumber(c, expect(c, tag + 1))}]` : "";
  const identifies = object >>> 22 === DEVICE && IDENTIFYING.has(property);
  return { text: `${bacnetProperty(property)}${index}`, identifies };
}

/** [0] object, then in [1] a list of references, of a write with [2] values and [3] a priority. */
function readTargets(c: Cursor, reads: boolean): Target {
  const texts: string[] = [];
  let identifies = reads;
  while (c.left + c.cutOff > 0) {
    const object = readNumber(c, expect(c, 0));
    expect(c, 1, "open");
    while (!isNext(c, 1, "close")) {
      const one = readReference(c, 0, object);
      identifies &&= one.identifies;
      if (texts.length <= MOST_TARGETS) texts.push(`${bacnetObject(object)} ${one.text}`);
      if (isNext(c, 2, "open")) {
        readTag(c);
        skipList(c);
      }
      if (isNext(c, 3)) c.skip(expect(c, 3));
    }
    readTag(c);
  }
  const text = texts.length > MOST_TARGETS ? `${texts.slice(0, MOST_TARGETS).join(", ")}, …` : texts.join(", ");
  return { text: text === "" ? null : text, identifies: identifies && texts.length > 0 };
}

function unconfirmed(c: Cursor, route: Route, emit: Emit): void {
  const service = c.u8();
  const meaning = UNCONFIRMED_SERVICES.get(service) ?? unknownCode("Service", service);
  tellAnnouncement(emit, ANNOUNCED.get(service), meaning[0]);
  tellOperation(emit, "bacnet", "request", `unconfirmed:${service}`, meaning, { target: route.to });
  if (service === UNCONFIRMED.iAm) iAm(c, route, emit);
}

/** Services of which one is answered by the other, which comes to whoever asked or to everybody (clauses 16.9 and 16.10). */
const ANNOUNCED: ReadonlyMap<number, Announcement> = new Map<number, Announcement>([
  [UNCONFIRMED.whoIs, { asks: "i-am" }],
  [UNCONFIRMED.whoHas, { asks: "i-have" }],
  [UNCONFIRMED.iAm, { says: "i-am" }],
  [UNCONFIRMED.iHave, { says: "i-have" }],
]);

/** What a question is answered by, or what an announcement answers. */
export interface Announcement {
  asks?: string;
  says?: string;
}

/** A message that has no answer of its own: a question that others announce themselves to, an announcement, or neither. */
export function tellAnnouncement(emit: Emit, { asks, says }: Announcement = {}, name: string): void {
  const why = `BACnet ${name}`;
  if (asks !== undefined) emit({ kind: "role", sender: "client", why });
  if (says !== undefined) emit({ kind: "role", sender: "server", why });
  emit({ kind: "message", what: "oneway", id: says ?? "" });
  if (asks !== undefined)
    emit({
      kind: "expect-flow",
      app: "bacnet",
      transport: "udp",
      address: null,
      port: null,
      id: asks,
      announced: true,
    });
}

/** Clause 16.10: who, the longest message, segments, which maker. */
function iAm(c: Cursor, route: Route, emit: Emit): void {
  const tag = readTag(c);
  if (tag.context || tag.number !== TYPE.object) c.bad("no object");
  const device = bacnetObject(readNumber(c, tag.length));
  readPlain(c);
  readPlain(c);
  const vendor = readPlain(c);
  if (typeof vendor !== "number") c.bad("no vendor");
  if (route.from !== null) {
    emit({ kind: "field", field: "bacnet.behind", value: `${route.from} ${device}, ${bacnetVendor(vendor)}` });
    return;
  }
  emit({ kind: "field", field: "bacnet.device", value: device });
  emit({ kind: "asset", what: "vendor", value: bacnetVendor(vendor), source: `BACnet I-Am of ${device}` });
}

function answer(c: Cursor, first: number, route: Route, emit: Emit): void {
  const type = first >> 4;
  const id = idOf(c.u8(), route.from);
  const segmented = type === PDU.complexAck && (first & FLAG.segmented) !== 0;
  const segment = segmented ? c.u8() : 0;
  if (segmented) c.skip(1);
  const service = c.u8();
  const failed = type === PDU.error;
  const meaning = CONFIRMED_SERVICES.get(service) ?? unknownCode("Service", service);
  emit({ kind: "role", sender: "server", why: `BACnet ${failed ? "error" : "answer"}` });
  emit({ kind: "message", what: "response", id, ...(failed ? { failed } : {}) });
  const why = failed ? readError(c) : null;
  const more = why === null ? { id, failed } : { id, failed, answer: why };
  tellOperation(emit, "bacnet", "response", `confirmed:${service}`, meaning, more);
  if (type !== PDU.complexAck || segment > 0) return;
  if (service === CONFIRMED.readProperty) readResult(c, route, emit);
  else if (service === CONFIRMED.readMultiple) readResults(c, route, emit, segmented);
}

/** Class and code, of some services in a list; null where neither stands there. */
function readError(c: Cursor): string | null {
  if (c.left > 0 && isNext(c, 0, "open")) readTag(c);
  const enumerated = (at: number): boolean => c.left >= at + 2 && c.buf[c.pos + at] === ENUMERATED_BYTE;
  return enumerated(0) && enumerated(2) ? bacnetError(c.buf[c.pos + 1]!, c.buf[c.pos + 3]!) : null;
}
const ENUMERATED_BYTE = 0x91; // the tag of an enumerated value of one byte

/** [0] object, [1] property, [2] index, [3] value. */
function readResult(c: Cursor, route: Route, emit: Emit): void {
  const object = readNumber(c, expect(c, 0));
  const property = readNumber(c, expect(c, 1));
  if (isNext(c, 2)) c.skip(expect(c, 2));
  expect(c, 3, "open");
  if (c.left > 0 && object >>> 22 === DEVICE) tellProperty(property, readPlain(c), route, emit);
}

/** What the first of several segments holds in whole; the rest comes in other datagrams. */
function readResults(c: Cursor, route: Route, emit: Emit, segmented: boolean): void {
  try {
    readAllResults(c, route, emit);
  } catch (fault) {
    if (!segmented || c.cutOff > 0 || !(fault instanceof Fault)) throw fault;
  }
}

/** [0] object, in [1] a list of [2] property, [3] index, and [4] its value or [5] why there is none. */
function readAllResults(c: Cursor, route: Route, emit: Emit): void {
  while (c.left + c.cutOff > 0) {
    const object = readNumber(c, expect(c, 0));
    expect(c, 1, "open");
    while (!isNext(c, 1, "close")) {
      const property = readNumber(c, expect(c, 2));
      if (isNext(c, 3)) c.skip(expect(c, 3));
      const value = isNext(c, 4, "open");
      expect(c, value ? 4 : 5, "open");
      if (value && object >>> 22 === DEVICE && !isNext(c, 4, "close")) {
        const { pos } = c;
        tellProperty(property, readPlain(c), route, emit);
        c.pos = pos;
      }
      skipList(c);
    }
    readTag(c);
  }
}

const ASSETS = new Map<number, "vendor" | "product" | "version" | "name" | "location" | "serial">([
  [PROPERTY.vendor, "vendor"],
  [PROPERTY.model, "product"],
  [PROPERTY.firmware, "version"],
  [PROPERTY.name, "name"],
  [PROPERTY.location, "location"],
  [PROPERTY.serial, "serial"],
]);

/** What a device object says of itself. Of a device behind a router it is no word about the address that sent it. */
function tellProperty(property: number, value: string | number | null, route: Route, emit: Emit): void {
  if (typeof value !== "string" || value.trim() === "") return;
  const what = ASSETS.get(property);
  const name = bacnetProperty(property);
  if (what !== undefined && route.from === null) emit({ kind: "asset", what, value, source: `BACnet ${name}` });
  else if (what !== undefined) emit({ kind: "field", field: "bacnet.behind", value: `${route.from} ${name} ${value}` });
  else if (property === PROPERTY.application) emit({ kind: "field", field: "bacnet.application", value });
  else if (property === PROPERTY.description) emit({ kind: "field", field: "bacnet.description", value });
}

/** Which service it was only the request says. A client may abort too: then nothing was answered. */
function refused(c: Cursor, first: number, route: Route, emit: Emit): void {
  const reject = first >> 4 === PDU.reject;
  const byServer = reject || (first & FLAG.server) !== 0;
  const id = idOf(c.u8(), byServer ? route.from : route.to);
  const reason = c.u8();
  if (!byServer) {
    emit({ kind: "message", what: "oneway", id });
    return;
  }
  const code = reject ? "reject" : "abort";
  emit({ kind: "role", sender: "server", why: `BACnet ${code}` });
  emit({ kind: "message", what: "response", id, failed: true });
  const why = { answer: bacnetRefusal(code, reason) };
  tellOperation(emit, "bacnet", "response", code, [`${code} ${reason}`, "unknown"], { id, failed: true, ...why });
}
