/**
 * GOOSE: substations' devices tell each other at once what happened, and switch by it. IEC 61850-8-1, on Ethernet type 0x88b8.
 *
 *     ┌───────┬────────┬──────────┬──────────┬────────────────────────────────────────────────────────────────────────────┐
 *     │ APPID │ length │ reserved │ reserved │ [APPLICATION 1] { [0] control block, [1] time to live, [2] data set, [3] id, │
 *     │       │        │          │          │   [4] time, [5] state, [6] sequence, [7] test, [8] revision, … [11] data }  │
 *     └───2───┴───2────┴────2─────┴────2─────┴────────────────────────────────────────────────────────────────────────────┘
 *
 * Length, tags and nesting prove it. Nobody asks for it and nobody answers: each message is a request `publish`, of class
 * `control`, because whoever has subscribed to the control block switches by what it says.
 *
 * Does not cover: what is in the data, GSE management, GOOSE over IP (IEC 61850-90-5), signatures.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder } from "../src/decode/decoder.ts";
import { application, elementSize, enterElement, peekTag, skipElement } from "./shared/ber.ts";
import { tellOperation } from "./shared/operation.ts";

const ETHER_TYPE = 0x88b8;
const HEADER_LENGTH = 8;
const PDU = application(1);
/** Fields of the PDU by their tag, without the bit of a constructed one. */
const TAG = { control: 0, id: 3, simulation: 7, data: 11 } as const;
const primitive = (tag: number): number => 0x80 | tag;

export const goose: Decoder = {
  id: "goose",
  title: "Generic Object Oriented Substation Event",
  specs: ["IEC 61850-8-1"],
  ports: { eth: [ETHER_TYPE] },
  fields: [
    { field: "goose.appid", about: "the application that the message is of, in hexadecimal" },
    { field: "goose.id", about: "the name that the publisher gives to it" },
    { field: "goose.simulation", about: "`true` where the message is a test, and not to be switched by" },
  ],
  everyMessage: true,

  looksDatagram: (buf, off, len) => len >= HEADER_LENGTH + 2 && buf[off + HEADER_LENGTH] === PDU,

  datagram(c, emit, at) {
    if (at.transport !== "eth") return false;
    const appid = c.hex(2);
    const length = c.u16();
    c.skip(4);
    const rest = length - HEADER_LENGTH;
    if (rest < 2 || rest > c.left + c.cutOff || elementSize(c.buf, c.pos, c.left, PDU) !== rest) return false;
    const cut = rest > c.left;
    if (cut) c.short(rest);
    const outer = enterElement(c, PDU, "GOOSE");
    if (peekTag(c) !== primitive(TAG.control)) return false;
    const target = readText(c, TAG.control);
    emit({ kind: "role", sender: "server", why: "GOOSE publisher" });
    emit({ kind: "message", what: "oneway", id: "" });
    emit({ kind: "field", field: "goose.appid", value: `0x${appid}` });
    tellOperation(emit, "goose", "request", "publish", ["Publish", "control"], { target });
    while (c.left > 0) {
      const tag = peekTag(c);
      if (tag === primitive(TAG.id)) emit({ kind: "field", field: "goose.id", value: readText(c, TAG.id) });
      else if (tag === primitive(TAG.simulation) && readFlag(c))
        emit({ kind: "field", field: "goose.simulation", value: "true" });
      else if (tag !== primitive(TAG.simulation)) skipElement(c);
    }
    c.leave(outer);
    return true;
  },
};

function readText(c: Cursor, tag: number): string {
  const outer = enterElement(c, primitive(tag), "text");
  const text = c.text(c.left);
  c.leave(outer);
  return text;
}

function readFlag(c: Cursor): boolean {
  const outer = enterElement(c, primitive(TAG.simulation), "simulation");
  const set = c.left > 0 && c.u8() !== 0;
  c.leave(outer);
  return set;
}
