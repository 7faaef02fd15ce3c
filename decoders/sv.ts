/**
 * Sampled values: a merging unit sends what it measures thousands of times a second. IEC 61850-9-2, on Ethernet type 0x88ba.
 *
 *     ┌───────┬────────┬──────────┬──────────┬────────────────────────────────────────────────────────────────────────────┐
 *     │ APPID │ length │ reserved │ reserved │ [APPLICATION 0] { [0] how many, [1] security, [2] { sample × } }            │
 *     │       │        │          │          │ sample: { [0] id, [1] data set, [2] counter, [3] revision, … [7] values }   │
 *     └───2───┴───2────┴────2─────┴────2─────┴────────────────────────────────────────────────────────────────────────────┘
 *
 * Length, tags and nesting prove it. Nobody asks and nobody answers: each frame is a request `publish`, of class `control`,
 * because protection that has subscribed trips by these values.
 *
 * Does not cover: the values, sampled values over IP (IEC 61850-90-5), signatures.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import type { Decoder } from "../src/decode/decoder.ts";
import { application, BER, context, elementSize, enterElement, peekTag, skipElement } from "./shared/ber.ts";
import { tellOperation } from "./shared/operation.ts";

const ETHER_TYPE = 0x88ba;
const HEADER_LENGTH = 8;
const PDU = application(0);
const TAG = { count: 0x80, id: 0x80, samples: context(2) } as const;

export const sv: Decoder = {
  id: "sv",
  title: "IEC 61850 Sampled Values",
  specs: ["IEC 61850-9-2"],
  ports: { eth: [ETHER_TYPE] },
  fields: [{ field: "sv.appid", about: "the application that the values are of, in hexadecimal" }],
  everyMessage: true,

  looksDatagram: (buf, off, len) => len >= HEADER_LENGTH + 2 && buf[off + HEADER_LENGTH] === PDU,

  datagram(c, emit, at) {
    if (at.transport !== "eth") return false;
    const appid = c.hex(2);
    const length = c.u16();
    c.skip(4);
    const rest = length - HEADER_LENGTH;
    if (rest < 2 || rest > c.left + c.cutOff || elementSize(c.buf, c.pos, c.left, PDU) !== rest) return false;
    if (rest > c.left) c.short(rest);
    const outer = enterElement(c, PDU, "sampled values");
    if (peekTag(c) !== TAG.count) return false;
    while (c.left > 0 && peekTag(c) !== TAG.samples) skipElement(c);
    const samples = enterElement(c, TAG.samples, "samples");
    const target = readId(c);
    emit({ kind: "role", sender: "server", why: "SV publisher" });
    emit({ kind: "message", what: "oneway", id: "" });
    emit({ kind: "field", field: "sv.appid", value: `0x${appid}` });
    tellOperation(emit, "sv", "request", "publish", ["Publish", "control"], { target });
    c.skip(c.left);
    c.leave(samples);
    c.leave(outer);
    return true;
  },
};

/** The first sample's id: all of a frame are of one stream. */
function readId(c: Cursor): string {
  const sample = enterElement(c, BER.sequence, "sample");
  const id = enterElement(c, TAG.id, "id");
  const text = c.text(c.left);
  c.leave(id);
  c.leave(sample);
  return text;
}
