/**
 * Bytes written as people read them: hex digits, any white space, and a comment from `#` or `;` to the line's end.
 *
 *     hex`d4 c3 b2 a1   # magic, microseconds, little-endian
 *         02 00 04 00   # version 2.4`
 *
 * Throws where a line holds anything but whole bytes, so that a typo is no silent fixture.
 */
export function hex(text: TemplateStringsArray | string, ...values: (Uint8Array | number)[]): Uint8Array {
  const parts = typeof text === "string" ? [text] : text;
  const pieces: Uint8Array[] = [];
  parts.forEach((part, index) => {
    pieces.push(digits(part));
    const value = values[index];
    if (value !== undefined) pieces.push(typeof value === "number" ? Uint8Array.of(value) : value);
  });
  return concat(pieces);
}

function digits(text: string): Uint8Array {
  const plain = text.replace(/[#;].*$/gm, "").replace(/\s+/g, "");
  if (plain.length % 2 !== 0 || /[^0-9a-fA-F]/.test(plain)) throw new Error(`not whole bytes of hex: ${plain}`);
  return Uint8Array.from(Buffer.from(plain, "hex"));
}

/** One array of all pieces, in order. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes of a text in UTF-8. */
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "utf8"));
