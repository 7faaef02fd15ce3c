/**
 * QUIC's versions: what they are called, how their Initial packets are protected, and which numbers their packet types
 * have. RFC 9001 section 5.2, RFC 9369 section 3; drafts 22 to 34 and Google's own (Q050, T050, T051) as they were
 * deployed; `mvfst` is Facebook's.
 */

export interface QuicVersion {
  /** `v1`, `draft-29`, `Q046` … */
  name: string;
  /** Salt of the Initial keys; null where nothing is protected, or we can't tell how. */
  salt: Uint8Array | null;
  /** Prefix of the labels that keys are made with. */
  label: "quic" | "quicv2";
  /** Whether the handshake is TLS 1.3; Google's versions before T050 had one of their own. */
  tls: boolean;
  /** Google's version as a number (43 for Q043); 0 for all others. */
  google: number;
  /** `long`: headers as in RFC 9000; `public`: Google's up to Q043; `nibbles`: those of Q044 and Q046. */
  header: "long" | "public" | "nibbles";
}

const SALTS = {
  draft22: "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",
  draft23: "c3eef712c72ebb5a11a7d2432bb46365bef9f502",
  draft29: "afbfec289993d24c9e9786f19c6111e04390a899",
  v1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
  draftV2: "a707c203a59b47184a1d62ca570406ea7ae3e5d3",
  v2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",
  q050: "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45",
  t050: "7ff579e5acd072915580304c43a2367c60488310",
  t051: "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d",
} as const;

const protectedBy = (name: string, salt: keyof typeof SALTS, label: "quic" | "quicv2" = "quic"): QuicVersion => ({
  name,
  salt: Buffer.from(SALTS[salt], "hex"),
  label,
  tls: true,
  google: 0,
  header: "long",
});

const draftSalt = (draft: number): keyof typeof SALTS =>
  draft < 23 ? "draft22" : draft < 29 ? "draft23" : draft < 33 ? "draft29" : "v1";

const VERSIONS = new Map<number, QuicVersion>([
  [0x00000001, protectedBy("v1", "v1")],
  [0x6b3343cf, protectedBy("v2", "v2", "quicv2")],
  [0x709a50c4, protectedBy("v2-draft", "draftV2", "quicv2")],
  [0xfaceb000, protectedBy("mvfst-0", "draft22")],
  [0xfaceb001, protectedBy("mvfst-1", "draft22")],
  [0xfaceb002, protectedBy("mvfst-2", "draft23")],
  [0xfaceb00e, protectedBy("mvfst-e", "draft23")],
  [0x51303530, { ...protectedBy("Q050", "q050"), tls: false, google: 50 }],
  [0x54303530, { ...protectedBy("T050", "t050"), google: 50 }],
  [0x54303531, { ...protectedBy("T051", "t051"), google: 51 }],
]);
for (let draft = 22; draft <= 34; draft++) {
  VERSIONS.set((0xff000000 | draft) >>> 0, protectedBy(`draft-${draft}`, draftSalt(draft)));
}

/** The version of this number; null for one that nobody is known to have spoken. */
export function quicVersion(number: number): QuicVersion | null {
  return VERSIONS.get(number) ?? googleVersion(number);
}

/** `Q024` to `Q046`: `Q0` and two digits. */
function googleVersion(number: number): QuicVersion | null {
  if (number >>> 16 !== 0x5130) return null;
  const tens = ((number >>> 8) & 255) - 48;
  const ones = (number & 255) - 48;
  if (tens < 2 || tens > 4 || ones < 0 || ones > 9) return null;
  const version = tens * 10 + ones;
  const header = version < 44 ? "public" : "nibbles";
  return { name: `Q0${version}`, salt: null, label: "quic", tls: false, google: version, header };
}

/** Versions of the form 0x?a?a?a?a force a negotiation (RFC 9000 section 15). */
export const isForcing = (number: number): boolean => (number & 0x0f0f0f0f) === 0x0a0a0a0a;

/** Cheap, for first looks: whether `quicVersion` may know the number. */
export const mayBeVersion = (number: number): boolean =>
  number === 1 ||
  number === 0x6b3343cf ||
  number >>> 8 === 0xff0000 ||
  number === 0x709a50c4 ||
  number >>> 8 === 0xfaceb0 ||
  number >>> 16 === 0x5130 ||
  number >>> 16 === 0x5430;

/** Packet types in one meaning for all versions; v2 numbers them otherwise (RFC 9369 section 3.2). */
export type LongType = "initial" | "0-rtt" | "handshake" | "retry";
const TYPES: readonly LongType[] = ["initial", "0-rtt", "handshake", "retry"];
const TYPES_V2: readonly LongType[] = ["retry", "initial", "0-rtt", "handshake"];

export const longType = (version: QuicVersion, bits: number): LongType =>
  (version.label === "quicv2" ? TYPES_V2 : TYPES)[bits & 3]!;
