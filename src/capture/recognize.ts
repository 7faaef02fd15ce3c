/**
 * Says what a file is that is no capture, so that the message can say what to do instead of only "bad magic".
 */

interface Kind {
  /** Bytes at the start; or at `at`. */
  magic: string | number[];
  at?: number;
  /** Completes "This is …". */
  is: string;
  /** What to do about it. */
  instead?: string;
}

const UNPACK = "unpack it and give the capture inside";
const CONVERT = "convert it first: editcap IN OUT.pcapng";

const KINDS: Kind[] = [
  { magic: "SQLite format 3\0", is: "an SQLite database", instead: "give the capture that it was made from" },
  { magic: "PK\x03\x04", is: "a zip archive", instead: UNPACK },
  { magic: "PK\x05\x06", is: "an empty zip archive" },
  { magic: [0x1f, 0x8b], is: "gzip within a compressed file", instead: "unpack it once" },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], is: "zstd within a compressed file", instead: "unpack it once" },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], is: "an xz file", instead: "unpack it first: xz -d" },
  { magic: "BZh", is: "a bzip2 file", instead: "unpack it first: bzip2 -d" },
  { magic: [0x04, 0x22, 0x4d, 0x18], is: "an lz4 file", instead: "unpack it first: lz4 -d" },
  { magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], is: "a 7-Zip archive", instead: UNPACK },
  { magic: "Rar!", is: "a RAR archive", instead: UNPACK },
  { magic: "ustar", at: 257, is: "a tar archive", instead: UNPACK },
  { magic: "GMBU", is: "a Network Monitor capture", instead: CONVERT },
  { magic: "RTSS", is: "a Network Monitor 1 capture", instead: CONVERT },
  { magic: "TRSNIFF data", is: "a Sniffer capture", instead: CONVERT },
  { magic: "XCP\0", is: "a NetXRay or Sniffer capture", instead: CONVERT },
  { magic: [0x7f, 0x76, 0x65, 0x72], is: "an OmniPeek capture", instead: CONVERT },
  { magic: "ObserverPktBuffer", is: "an Observer capture", instead: CONVERT },
  { magic: "btsnoop\0", is: "a Bluetooth capture (btsnoop)" },
  { magic: "ElfFile\0", is: "a Windows event log" },
  {
    magic: [0x0a, 0x0d, 0x0a],
    is: "a pcapng file that a transfer in text mode has changed",
    instead: "copy it again, in binary",
  },
  {
    magic: [0x0d, 0x0a, 0x0d, 0x0d],
    is: "a pcapng file that a transfer in text mode has changed",
    instead: "copy it again, in binary",
  },
  { magic: "\x7fELF", is: "a program (ELF)" },
  { magic: "MZ", is: "a Windows program" },
  { magic: "%PDF", is: "a PDF" },
  { magic: "\x89PNG", is: "a picture (PNG)" },
  { magic: "\xff\xd8\xff", is: "a picture (JPEG)" },
];

/** What `isText` has seen of a text's start. */
const TEXTS: { pattern: RegExp; is: string; instead?: string }[] = [
  {
    pattern: /^\s*\{\s*"log"\s*:/,
    is: "a HAR file: a browser's record of requests, without packets",
    instead: "capture with tcpdump -w",
  },
  { pattern: /^\s*[{[]/, is: "JSON" },
  { pattern: /^\s*<(!doctype\s+html|html)/i, is: "an HTML page: perhaps a download that wanted a login" },
  { pattern: /<p[ds]ml/i, is: "packets printed as XML (PDML)", instead: "give the capture itself" },
  { pattern: /^\s*<\?xml|^\s*<\w/, is: "XML" },
  { pattern: /^version https:\/\/git-lfs/, is: "a Git LFS pointer", instead: "fetch the file itself: git lfs pull" },
  {
    pattern: /^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ /,
    is: "what tcpdump prints, as text",
    instead: "write the packets themselves: tcpdump -w FILE",
  },
  {
    pattern: /^(0{4,8}|\d+:)\s+([0-9a-f]{2,4}\s){4}/i,
    is: "a hex dump",
    instead: "turn it into a capture: text2pcap IN OUT",
  },
  { pattern: /^#!/, is: "a script" },
];

/**
 * One sentence on what the input is instead of a capture, and what to do.
 *
 * @param bytes its first bytes, 4 KiB or fewer where it has no more.
 * @param packing how it was packed ("gzip", "zstd"), empty where it was not.
 */
export function whatItIs(bytes: Uint8Array, packing = ""): string {
  const { is, instead = "give a pcap or pcapng file" } = kindOf(bytes);
  const inside = packing === "" ? "This is" : `This is packed with ${packing}, and inside is`;
  return `${inside} ${is}, not a capture: ${instead}`;
}

function kindOf(bytes: Uint8Array): { is: string; instead?: string } {
  if (bytes.length === 0) return { is: "an empty file", instead: "nothing was written to it" };
  const kind = KINDS.find(({ magic, at = 0 }) => startsWith(bytes, at, magic));
  if (kind !== undefined) return kind;
  if (isEventTrace(bytes)) return { is: "a Windows event trace (ETL)", instead: "convert it first: etl2pcapng IN OUT" };
  if (bytes.every((byte) => byte === 0))
    return { is: "nothing but zero bytes", instead: "it may have been lost on disk" };
  const text = asText(bytes);
  if (text === null) {
    const start = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    return { is: `an unknown kind of file (its first bytes are ${start})` };
  }
  return TEXTS.find(({ pattern }) => pattern.test(text)) ?? { is: "a text" };
}

function startsWith(bytes: Uint8Array, at: number, magic: string | number[]): boolean {
  for (let i = 0; i < magic.length; i++) {
    const wanted = typeof magic === "string" ? magic.charCodeAt(i) : magic[i];
    if (bytes[at + i] !== wanted) return false;
  }
  return true;
}

/**
 * An ETL file has no magic number. It opens with a buffer header of 72 bytes, then a system trace event (marker C0 in its
 * fourth byte) of 32, whose body repeats the buffer size that the file starts with.
 */
function isEventTrace(bytes: Uint8Array): boolean {
  const header = 72;
  const body = header + 32;
  if (bytes.length < body + 4 || bytes[header + 3] !== 0xc0) return false;
  return bytes[1] !== 0 || bytes[2] !== 0 ? [0, 1, 2, 3].every((i) => bytes[i] === bytes[body + i]) : false;
}

/** The bytes as text, in UTF-8 or with a byte-order mark in UTF-16; null where they are none. */
function asText(bytes: Uint8Array): string | null {
  const utf16 = startsWith(bytes, 0, [0xff, 0xfe])
    ? "utf-16le"
    : startsWith(bytes, 0, [0xfe, 0xff])
      ? "utf-16be"
      : null;
  try {
    // A character may be cut by the end of what we have: `stream` keeps it from counting as broken.
    const text = new TextDecoder(utf16 ?? "utf-8", { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text.
    return /[\0-\x08\x0e-\x1a]/.test(text) ? null : text;
  } catch {
    return null;
  }
}
