/**
 * CIP, the messages inside EtherNet/IP: services on objects of a device, and what they carry.
 * CIP Networks Library volume 1, chapters 2 (messages) and 3 (Connection Manager).
 *
 *     request   ┌─────────┬─────────────┬────────┬──────┐   answer ┌────────────────┬───┬────────┬─────────────┬────────┬──────┐
 *               │ service │ path words 1│ path   │ data │          │ service | 0x80 │ 0 │ status │ more words 1│ more   │ data │
 *               └────1────┴─────────────┴────────┴──────┘          └───────1────────┴─1─┴───1────┴─────────────┴────────┴──────┘
 *
 * A Multiple Service Packet, an Unconnected Send and an Execute PCCC carry other messages, told one by one beside them.
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import type { OperationClass } from "../../src/decode/facts.ts";
import {
  cipKind,
  cipService,
  cipStatus,
  cipVendor,
  EXECUTE_PCCC,
  MANAGER,
  MULTIPLE_SERVICE,
  OBJECT,
} from "./cip-codes.ts";
import { type CipPath, readCipPath } from "./cip-path.ts";
import { tellOperation } from "./operation.ts";
import { tellPccc, tellPcccIfOne } from "./pccc.ts";

const REPLY = 0x80;
/** Status of an answer that is not the last part, and of one that leaves its verdict to the answers that it carries. */
const STATUS = { success: 0, partial: 6, embedded: 0x1e } as const;
/** Messages inside of messages: a Multiple Service Packet in an Unconnected Send, and once more. */
const DEEPEST = 3;

/** Whether a message may stand here: its path, or its status, fits the bytes. */
export function looksLikeCip(c: Cursor): boolean {
  if (c.left < 2) return false;
  const reply = c.buf[c.pos]! & REPLY;
  if (reply === 0) return 2 + 2 * c.buf[c.pos + 1]! <= c.left;
  return c.left >= 4 && c.buf[c.pos + 1] === 0 && 4 + 2 * c.buf[c.pos + 3]! <= c.left;
}

export const isCipReply = (c: Cursor): boolean => (c.buf[c.pos]! & REPLY) !== 0;

/** Tells the message from here to the cursor's end; `id` is what it pairs by. */
export function tellCip(c: Cursor, id: string, emit: Emit, depth = 0): void {
  c.part = "CIP";
  if (!looksLikeCip(c)) c.bad("no CIP message");
  if (isCipReply(c)) tellReply(c, id, emit, depth);
  else tellRequest(c, id, emit, depth);
  c.skip(c.left);
}

/** A message of which the capture has the beginning: a request's service is told, and as much as it says by itself. */
export function tellCutCip(c: Cursor, id: string, emit: Emit): void {
  c.part = "CIP";
  if (isCipReply(c)) return;
  const code = c.u8();
  tellOperation(emit, "cip", "request", code, cipService(code, undefined), { id, within: true });
}

function tellRequest(c: Cursor, id: string, emit: Emit, depth: number): void {
  const code = c.u8();
  const path = readCipPath(c, 2 * c.u8());
  const [operation, class_] = cipService(code, path.object);
  const carries = isCarrier(code, path.object) ? { carries: true as const } : {};
  const tell = (is: OperationClass, target: string | null, pairs: string | null = id): void =>
    tellOperation(emit, "cip", "request", code, [operation, is], { target, id: pairs, within: true, ...carries });
  if (path.object === OBJECT.manager) {
    tellManager(c, code, path, { id, depth, emit, class: class_, tell });
    return;
  }
  tell(class_, path.text);
  if (code === MULTIPLE_SERVICE) tellEach(c, id, emit, depth);
  else if (path.object === OBJECT.pccc && code === EXECUTE_PCCC) tellPccc(c, id, emit);
}

/** Services that are about nothing but the messages within them. */
const isCarrier = (code: number, object: CipPath["object"]): boolean =>
  code === MULTIPLE_SERVICE ||
  (code === MANAGER.unconnectedSend && object === OBJECT.manager) ||
  (code === EXECUTE_PCCC && object === OBJECT.pccc);

interface Around {
  id: string;
  depth: number;
  emit: Emit;
  class: OperationClass;
  tell: (is: OperationClass, target: string | null, id?: string | null) => void;
}

/** Volume 1, section 3-5.5: requests that open connections, and that are to be passed on. */
function tellManager(c: Cursor, code: number, path: CipPath, around: Around): void {
  if (code === MANAGER.open || code === MANAGER.largeOpen) {
    const { takesIo, target } = readOpen(c, code === MANAGER.largeOpen);
    around.tell(takesIo ? "control" : "session", target);
  } else if (code === MANAGER.unconnectedSend) {
    c.part = "unconnected send";
    c.skip(2); // how long to wait
    const length = c.u16le();
    const route = routeBehind(c, length);
    around.tell(around.class, route, null); // the answer is that of the message passed on
    if (around.depth >= DEEPEST) c.bad("too many messages within each other");
    const outer = c.enter(length, "message to pass on");
    tellCip(c, around.id, around.emit, around.depth + 1);
    c.leave(outer);
  } else around.tell(around.class, path.text);
}

/** Where an Unconnected Send goes: it stands behind the message. */
function routeBehind(c: Cursor, length: number): string | null {
  const { pos, depth, end } = c;
  c.skip(length + (length % 2));
  const words = c.u8();
  c.skip(1);
  const route = readCipPath(c, 2 * words).text;
  c.pos = pos;
  c.depth = depth;
  c.end = end;
  return route;
}

/**
 * Section 3-5.5.2. Transport classes 0 and 1 carry I/O data: whoever opens one takes part in the process. 2 and 3 are for
 * messages, each of which is told for itself, unless the path brings data that configures the device.
 */
function readOpen(c: Cursor, large: boolean): { takesIo: boolean; target: string | null } {
  c.part = "forward open";
  c.skip(22 + 4 + (large ? 4 : 2) + 4 + (large ? 4 : 2));
  const transport = c.u8() & 0x0f;
  const path = readCipPath(c, 2 * c.u8());
  return { takesIo: (transport !== 2 && transport !== 3) || path.configures, target: path.text };
}

/** Appendix A: how many, where each begins (from the count on), the messages. */
function tellEach(c: Cursor, id: string, emit: Emit, depth: number): void {
  c.part = "multiple service packet";
  const from = c.pos;
  if (depth >= DEEPEST) c.bad("too many messages within each other");
  const count = c.u16le();
  const starts: number[] = [];
  for (let i = 0; i < count; i++) starts.push(c.u16le());
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? c.end - from;
    if (from + start !== c.pos || end <= start) c.bad(`message ${i + 1} of ${count} begins at ${start}`);
    const outer = c.enter(end - start, `message ${i + 1}`);
    tellCip(c, `${id}/${i}`, emit, depth + 1);
    c.leave(outer);
  });
}

function tellReply(c: Cursor, id: string, emit: Emit, depth: number): void {
  const code = c.u8() & ~REPLY;
  c.skip(1);
  const status = c.u8();
  c.skip(2 * c.u8());
  const [operation, class_] = cipService(code, undefined);
  const failed = status !== STATUS.success && status !== STATUS.partial && status !== STATUS.embedded;
  const answer = failed ? { answer: cipStatus(status) } : {};
  tellOperation(emit, "cip", "response", code, [operation, class_], { id, failed, within: true, ...answer });
  if (failed) return;
  if (code === MULTIPLE_SERVICE) tellEach(c, id, emit, depth);
  else if (code === 0x01) tellIdentityIfOne(c, emit);
  else if (code === EXECUTE_PCCC) tellPcccIfOne(c, id, emit);
}

/**
 * All attributes of an Identity object (volume 1, section 5-2): vendor 2, type 2, product code 2, revision 1.1, status 2,
 * serial 4, name. An answer does not say of which object it is; this one is known by a name that fills it to its end.
 */
function tellIdentityIfOne(c: Cursor, emit: Emit): void {
  const at = c.pos + 14;
  const length = c.buf[at]!;
  if (c.left < 18 || length < 3 || c.left !== 15 + length) return;
  for (let i = at + 1; i <= at + length; i++) if (c.buf[i]! < 0x20 || c.buf[i]! > 0x7e) return;
  tellIdentity(c, "CIP Identity, of the device or of one behind it", emit);
}

/** Vendor to name: what an Identity object and a ListIdentity answer have in common. Returns the product code. */
export function tellIdentity(c: Cursor, source: string, emit: Emit): number {
  c.part = "identity";
  const vendor = c.u16le();
  const type = c.u16le();
  const product = c.u16le();
  const version = `${c.u8()}.${c.u8()}`;
  c.skip(2); // status
  const serial = c.u32le().toString(16).padStart(8, "0");
  const name = c.text(c.u8()).trim();
  emit({ kind: "asset", what: "vendor", value: cipVendor(vendor), source });
  emit({ kind: "asset", what: "kind", value: cipKind(type), source });
  emit({ kind: "asset", what: "version", value: version, source });
  emit({ kind: "asset", what: "serial", value: serial, source });
  if (name !== "") emit({ kind: "asset", what: "product", value: name, source });
  return product;
}

/** Text for people of bytes that name an interface or a service, without the zeros behind it. */
export function paddedText(c: Cursor, count: number): string {
  c.need(count);
  let end = c.pos + count;
  while (end > c.pos && c.buf[end - 1] === 0) end--;
  const text = escapeBytes(c.buf, c.pos, end);
  c.pos += count;
  return text;
}
