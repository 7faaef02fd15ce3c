/** What QUIC's datagrams have in common: forms of long headers by their versions, and of Google's public header. */
import type { Form } from "../../src/decode/decoder.ts";

const LONG = 0x80;
const LEAST_LONG = 7;
const PUBLIC_HEADER = 1 + 8 + 4;
const HASH_LENGTH = 12;
const VERSION_AT = 1;
/** `Q0`, behind the public header's flags and connection id. */
const GOOGLE = { at: 9, text: [0x51, 0x30] } as const;

/** Versions, and which of their bits are looked at: none and 1, version 2, drafts, those of companies, Google's, forced ones. */
const VERSIONS: readonly (readonly [version: number, mask: number])[] = [
  [0x00000000, 0xfffffffe],
  [0x6b3343cf, 0xffffffff],
  [0xff000000, 0xffffff00],
  [0x709a50c4, 0xffffffff],
  [0xfaceb000, 0xffffff00],
  [0x51300000, 0xffff0000],
  [0x54300000, 0xffff0000],
  [0x0a0a0a0a, 0x0f0f0f0f],
];

const longHeader = ([version, mask]: readonly [number, number]): Form => ({
  first: [[LONG, 0xff]],
  least: LEAST_LONG,
  bytes: [24, 16, 8, 0].flatMap((shift, i) => {
    const bits = (mask >>> shift) & 0xff;
    return bits === 0 ? [] : [[VERSION_AT + i, bits, (version >>> shift) & bits] as const];
  }),
});

/** First bytes of the public header, whose lowest bit says that a version is named: Google's server leaves it out. */
const PUBLIC = Array.from({ length: 0x40 }, (_, first) => first).filter((first) => (first & 0xc8) === 0x08);

/** Of datagrams on ports that are not QUIC's: packets behind the handshake say nothing there. */
export const QUIC_FORMS: readonly Form[] = [
  ...VERSIONS.map(longHeader),
  {
    first: PUBLIC.filter((first) => (first & 1) === 1),
    least: PUBLIC_HEADER,
    bytes: GOOGLE.text.map((letter, i) => [GOOGLE.at + i, 0xff, letter] as const),
  },
  { first: PUBLIC.filter((first) => (first & 1) === 0), least: PUBLIC_HEADER + HASH_LENGTH },
];
