/** What OPC UA messages say behind their type id: headers, results, and what a server says of itself. */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import type { AssetFact } from "../../src/decode/facts.ts";
import { BUILD_INFO, SERVER_STATUS, SERVICE } from "./opcua-codes.ts";
import {
  readCount,
  readLocalizedText,
  readNodeId,
  readText,
  skipBytes,
  skipDataValue,
  skipDiagnostics,
  skipExtension,
  type Valued,
} from "./opcua-types.ts";

const BAD = 0x8000_0000;
const MOST_RESULTS = 4096;

/** OPC 10000-4, 7.33: token, time, handle, diagnostics, audit entry, timeout, more. */
export function skipRequestHeader(c: Cursor): void {
  c.part = "request header";
  readNodeId(c);
  c.skip(8 + 4 + 4);
  skipBytes(c);
  c.skip(4);
  skipExtension(c);
}

/** OPC 10000-4, 7.34: time, handle, result, diagnostics, their texts, more. Returns the result. */
export function readHeader(c: Cursor): number {
  c.part = "response header";
  c.skip(8 + 4);
  const result = c.u32le();
  skipDiagnostics(c);
  const texts = readCount(c);
  for (let i = 0; i < texts && i < MOST_RESULTS; i++) skipBytes(c);
  skipExtension(c);
  return result;
}

/** The first bad one of the results behind the header, null where none is: of a write each is a status, of a call each begins with one. */
export function readAnswer(c: Cursor, request: number): number | null {
  if (request !== SERVICE.write && request !== SERVICE.call) return null;
  c.part = "results";
  const count = Math.min(readCount(c), request === SERVICE.call ? 1 : MOST_RESULTS);
  for (let i = 0; i < count; i++) {
    const result = c.u32le();
    if (result >= BAD) return result;
  }
  return null;
}

/** What a server says of itself: in its endpoints, in a session that it opens, in its status and build information. */
export function tellServer(c: Cursor, request: number, emit: Emit): void {
  if (request === SERVICE.getEndpoints) {
    if (readCount(c) > 0) tellEndpoint(c, emit);
  } else if (request === SERVICE.createSession) {
    readNodeId(c);
    readNodeId(c);
    c.skip(8); // how long it may be idle
    skipBytes(c);
    skipBytes(c);
    if (readCount(c) > 0) tellEndpoint(c, emit);
  } else if (request === SERVICE.read) {
    const found: Valued[] = [];
    const count = Math.min(readCount(c), MOST_RESULTS);
    for (let i = 0; i < count; i++) if (!skipDataValue(c, (value) => found.push(value))) break;
    for (const value of found) tellBuild(c, value, emit);
  }
}

/** Of the first endpoint: its URL, then the application: its URI, the product's, its name. */
function tellEndpoint(c: Cursor, emit: Emit): void {
  c.part = "endpoint";
  skipBytes(c);
  skipBytes(c);
  const product = readText(c);
  const name = readLocalizedText(c);
  asset(emit, "product", product, "OPC UA application, product URI");
  asset(emit, "name", name, "OPC UA application, name");
}

/** BuildInfo: URI, manufacturer, product, version, build number. A status has two times and a state before it. */
function tellBuild(c: Cursor, { type, from, to }: Valued, emit: Emit): void {
  if (type !== `i=${BUILD_INFO}` && type !== `i=${SERVER_STATUS}`) return;
  c.pos = from;
  const outer = c.enter(to - from, "BuildInfo");
  if (type === `i=${SERVER_STATUS}`) c.skip(8 + 8 + 4);
  skipBytes(c);
  asset(emit, "vendor", readText(c), "OPC UA BuildInfo");
  asset(emit, "product", readText(c), "OPC UA BuildInfo");
  asset(emit, "version", readText(c), "OPC UA BuildInfo");
  c.leave(outer);
}

function asset(emit: Emit, what: AssetFact["what"], value: string, source: string): void {
  if (value.trim() !== "") emit({ kind: "asset", what, value: value.trim(), source });
}
