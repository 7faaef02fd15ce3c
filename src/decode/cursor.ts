/**
 * A checked cursor over one message. Decoders read through it and nothing else, so that no length check is written by
 * hand. Reading past the end throws the one `Fault` object of this module (no stack is captured: malformed traffic must
 * be cheap); the driver catches it and reports what was needed, what was there, in which part and at which offset.
 *
 * Past the end of the bytes is `short`: the capture or the stream may still have more. Past the end of a part that a
 * length field ruled (between `enter` and `leave`) is `malformed`: no further byte could mend it.
 */
export class Fault {
  what: "short" | "malformed" = "short";
  /** Offset within the message. */
  at = 0;
  needed = 0;
  had = 0;
  /** Which part of the message was being read: `answer 3 rdata`. */
  part = "";
  /** What contradicts what, for `malformed`. */
  why = "";

  toString(): string {
    const where = this.part === "" ? "" : `${this.part}: `;
    return this.what === "short"
      ? `${where}${this.needed} bytes needed at ${this.at}, ${this.had} there`
      : `${where}${this.why} at ${this.at}`;
  }
}

const FAULT = new Fault();

export class Cursor {
  buf: Uint8Array = new Uint8Array(0);
  /** Absolute offset in `buf` of the message's first byte, of the next byte to read, and after the last one. */
  start = 0;
  pos = 0;
  end = 0;
  /** Named in faults; set it before reading a part. */
  part = "";
  /** Bytes that the wire had and the capture cut off behind `end`. */
  cutOff = 0;
  /** Length fields that rule the end just now: how often `enter` was called without its `leave`. */
  depth = 0;

  set(buf: Uint8Array, start: number, length: number, cutOff = 0): this {
    this.buf = buf;
    this.start = start;
    this.pos = start;
    this.end = start + length;
    this.part = "";
    this.cutOff = cutOff;
    this.depth = 0;
    return this;
  }

  get left(): number {
    return this.end - this.pos;
  }
  /** Offset of the next byte within the message. */
  get at(): number {
    return this.pos - this.start;
  }
  need(count: number): void {
    if (this.end - this.pos < count) this.short(count);
  }
  short(needed: number): never {
    if (this.depth > 0) this.bad(`${needed} bytes needed, ${this.left} left by the length around them,`);
    FAULT.what = "short";
    FAULT.at = this.at;
    FAULT.needed = needed;
    FAULT.had = this.left;
    FAULT.part = this.part;
    throw FAULT;
  }
  /** The message contradicts itself. */
  bad(why: string): never {
    FAULT.what = "malformed";
    FAULT.at = this.at;
    FAULT.part = this.part;
    FAULT.why = why;
    throw FAULT;
  }

  u8(): number {
    this.need(1);
    return this.buf[this.pos++]!;
  }
  u16(): number {
    this.need(2);
    const p = this.pos;
    this.pos = p + 2;
    return (this.buf[p]! << 8) | this.buf[p + 1]!;
  }
  u24(): number {
    this.need(3);
    const p = this.pos;
    this.pos = p + 3;
    return (this.buf[p]! << 16) | (this.buf[p + 1]! << 8) | this.buf[p + 2]!;
  }
  u32(): number {
    this.need(4);
    const p = this.pos;
    this.pos = p + 4;
    return ((this.buf[p]! << 24) | (this.buf[p + 1]! << 16) | (this.buf[p + 2]! << 8) | this.buf[p + 3]!) >>> 0;
  }
  /** The lowest byte first, as Windows and most of its kin write numbers. */
  u16le(): number {
    this.need(2);
    const p = this.pos;
    this.pos = p + 2;
    return this.buf[p]! | (this.buf[p + 1]! << 8);
  }
  u32le(): number {
    this.need(4);
    const p = this.pos;
    this.pos = p + 4;
    return (this.buf[p]! | (this.buf[p + 1]! << 8) | (this.buf[p + 2]! << 16) | (this.buf[p + 3]! << 24)) >>> 0;
  }
  i8(): number {
    return (this.u8() << 24) >> 24;
  }
  skip(count: number): void {
    this.need(count);
    this.pos += count;
  }
  /** A copy of the next bytes. */
  bytes(count: number): Uint8Array {
    this.need(count);
    const copy = this.buf.slice(this.pos, this.pos + count);
    this.pos += count;
    return copy;
  }
  /** The next bytes as text: printable ASCII as it is, a backslash doubled, all else `\xNN`. */
  text(count: number): string {
    this.need(count);
    const text = escapeBytes(this.buf, this.pos, this.pos + count);
    this.pos += count;
    return text;
  }
  /** The next bytes in lower-case hexadecimal. */
  hex(count: number): string {
    this.need(count);
    const text = hexBytes(this.buf, this.pos, this.pos + count);
    this.pos += count;
    return text;
  }
  /**
   * Where the next such byte is, as an absolute offset in `buf`; -1 where the message has none. `indexOf` of the buffer would
   * go on behind the message, through megabytes of a slab for each packet that lacks the byte.
   */
  find(byte: number): number {
    const { buf, end } = this;
    for (let i = this.pos; i < end; i++) if (buf[i] === byte) return i;
    return -1;
  }
  /** Narrows the end to `count` bytes from here and returns the old end; give that back to `leave`. */
  enter(count: number, part: string): number {
    this.part = part;
    this.need(count);
    const outer = this.end;
    this.end = this.pos + count;
    this.depth++;
    return outer;
  }
  /** Leaves what `enter` narrowed, skipping what is left of it. */
  leave(outer: number): void {
    this.pos = this.end;
    this.end = outer;
    this.depth--;
  }
}

/** Bytes off the wire as text that cannot act: printable ASCII as it is, a backslash doubled, all else `\xNN`. */
export function escapeBytes(buf: Uint8Array, from: number, to: number): string {
  if (to - from >= LONG_TEXT && isPlain(buf, from, to)) {
    return Buffer.from(buf.buffer, buf.byteOffset + from, to - from).toString("latin1");
  }
  let text = "";
  for (let i = from; i < to; i++) {
    const b = buf[i]!;
    if (b === 0x5c) text += "\\\\";
    else if (b >= 0x20 && b < 0x7f) text += String.fromCharCode(b);
    else text += `\\x${b < 16 ? "0" : ""}${b.toString(16)}`;
  }
  return text;
}

/** Bytes from which on the system's own way of making text is the faster one: a line of HTTP takes half the time, a head a third. */
const LONG_TEXT = 16;

/** Nothing among the bytes has to be escaped. */
function isPlain(buf: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const b = buf[i]!;
    if (!(b >= 0x20 && b < 0x7f) || b === 0x5c) return false;
  }
  return true;
}

/** Bytes in lower-case hexadecimal, without separators. */
export function hexBytes(buf: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += (buf[i]! < 16 ? "0" : "") + buf[i]!.toString(16);
  return text;
}
