/**
 * CIP's paths: which object of a device, or which tag, a message is for. CIP Networks Library volume 1, appendix C.
 *
 *     0x20 class   0x24 instance   0x28 member   0x30 attribute   0x2c connection point   0x34 electronic key
 *       + 0: 1 byte · + 1: a pad, 2 bytes · + 2: a pad, 4 bytes
 *     0x91 length, name, pad to even: a tag, or a part of its name   0x60 + length: the same in the old form
 *     0x00 + port, link: the way on   0x40 … network   0x80 words: data that configures what is connected to
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { OBJECT_NAMES } from "./cip-codes.ts";

export interface CipPath {
  /** The object's class; null where a tag is named; undefined where nothing, or several objects, are. */
  object: number | null | undefined;
  /** For people: `Identity/1/7`, `Program:Main.Level[3]`; null for none. */
  text: string | null;
  /** Data stands in it: whoever connects configures the device with it. */
  configures: boolean;
}

const LOGICAL = { class: 0, instance: 1, member: 2, point: 3, attribute: 4, special: 5 } as const;
const LONGEST_TEXT = 200;

/** Reads a path of so many bytes. A segment that is none ends it; the rest is passed over, and the object stays unknown. */
export function readCipPath(c: Cursor, bytes: number): CipPath {
  const outer = c.enter(bytes, "path");
  const path: CipPath = { object: undefined, text: null, configures: false };
  let text = "";
  let classes = 0;
  let known = true;
  const add = (part: string, glue: string): void => {
    if (text.length < LONGEST_TEXT) text += text === "" ? part : glue + part;
  };
  while (c.left > 0 && known) {
    const type = c.u8();
    if (type === 0x91 || (type & 0xe0) === 0x60) {
      const length = type === 0x91 ? c.u8() : type & 0x1f;
      add(c.text(length), ".");
      if (length % 2 === (type === 0x91 ? 1 : 0) && c.left > 0) c.skip(1);
      if (classes === 0) path.object = null;
    } else if (type >>> 5 === 1) {
      const what = (type >> 2) & 7;
      if (what === LOGICAL.special) {
        known = skipKey(c);
        continue;
      }
      const value = readLogical(c, type & 3);
      if (what === LOGICAL.class) {
        classes++;
        path.object = classes > 1 ? undefined : value;
        add(OBJECT_NAMES.get(value) ?? `class 0x${value.toString(16).padStart(2, "0")}`, "/");
      } else if (what === LOGICAL.member && path.object === null) add(`[${value}]`, "");
      else add(String(value), "/");
      known = what <= LOGICAL.attribute && value >= 0;
    } else if (type >>> 5 === 0) add(readPort(c, type), ",");
    else if (type >>> 5 === 2) c.skip((type & 0x10) === 0 ? 1 : 2 * c.u8());
    else if (type === 0x80) {
      path.configures = true;
      c.skip(2 * c.u8());
    } else known = false;
  }
  if (!known) path.object = undefined;
  path.text = text === "" ? null : text;
  c.leave(outer);
  return path;
}

/** A number in 1, 2 or 4 bytes, the longer ones behind a pad; -1 for a form that is none. */
function readLogical(c: Cursor, form: number): number {
  if (form === 0) return c.u8();
  if (form === 3) return -1;
  c.skip(1);
  return form === 1 ? c.u16le() : c.u32le();
}

/** Which device is meant, by vendor and type: says nothing of what is done. */
function skipKey(c: Cursor): boolean {
  const format = c.u8();
  if (format !== 4) return false;
  c.skip(8);
  return true;
}

/** A step on the way to another device: `1,0` is slot 0 of the backplane. */
function readPort(c: Cursor, type: number): string {
  const length = (type & 0x10) === 0 ? 0 : c.u8();
  const port = (type & 0x0f) === 15 ? c.u16le() : type & 0x0f;
  if (length === 0) return `${port},${c.u8()}`;
  const link = c.text(length);
  if (length % 2 === 1 && c.left > 0) c.skip(1);
  return `${port},${link}`;
}
