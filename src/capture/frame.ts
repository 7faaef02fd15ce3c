import type { Pause } from "./pauses.ts";
import type { RealmPart } from "./realm-parts.ts";
import type { Tally } from "./tally.ts";

/**
 * A frame is one captured record: offsets into a slab that the reader owns and reuses.
 * Nothing may keep `buf` beyond the call that it was handed to; who needs bytes later copies them.
 */
export class Frame {
  /** The slab. */
  buf: Uint8Array = new Uint8Array(0);
  /** Offset of the frame's first byte. */
  off = 0;
  /** Bytes captured. */
  capLen = 0;
  /** Bytes on the wire; larger than `capLen` where the capture cut the frame. */
  wireLen = 0;
  /** Capture time, seconds since 1970, and nanoseconds within the second. */
  sec = 0;
  nsec = 0;
  /** LINKTYPE_ value (https://www.tcpdump.org/linktypes.html). */
  linkType = 0;
  /** 1-based number within its capture, as tshark numbers the unfiltered file. */
  number = 0;
  /** Index into `CaptureReader.captures`. */
  capture = 0;
}

/** What is known of one input, filled as it is read. */
export interface CaptureInfo {
  /** As the user gave it; `-` for standard input. */
  readonly path: string;
  readonly realm: string;
  /** What of it is in other realms, by the site's word; left out where there is nothing. */
  readonly parts?: readonly RealmPart[];
  /** `pcap`, `pcap-ns`, `pcap-modified`, `pcapng`; with `+gzip` or `+zstd` where compressed. */
  format: string;
  linkTypes: number[];
  snapLength: number;
  /** Records read, whatever their layer. */
  packets: number;
  /** Bytes on the wire of the frames read. */
  bytes: number;
  /** Frames shorter than the wire. */
  framesCut: number;
  /** The capture's own count of packets that it lost (pcapng statistics); null where it has none. */
  drops: number | null;
  /** Times without a single packet, in the order in which they were met. */
  pauses: Pause[];
  /** Filters that kept frames from it, by their text: its interfaces' own, and what was asked for while it was read. */
  filters: readonly string[];
  /** True where the last record is cut: a stopped tcpdump. A warning, no damage. */
  cut: boolean;
  /** Why reading stopped before the end; null where it did not. */
  damage: CaptureDamage | null;
  firstSec: number;
  firstNsec: number;
  lastSec: number;
  lastNsec: number;
  /** Names that the capture itself resolves (pcapng name resolution blocks), bounded. */
  hosts: { address: string; name: string }[];
  /** Size in bytes where it is known (progress); null for streams. */
  size: number | null;
  /** How many other captures of its realm were read with it and overlap it in time; left out for none. */
  beside?: number;
}

export interface CaptureDamage {
  /** Byte offset in the (decompressed) input. */
  offset: number;
  /** What was there, what was expected, what to do; one sentence for people. */
  message: string;
}

/**
 * Records of classic pcap as they lie in the slab, for who walks them itself (`flow/fast.ts`) in place of `next`: 16 bytes
 * of header in little-endian order, lengths in the usual one. Whoever takes some moves `slab.pos` and counts them in `info`.
 */
export interface PlainRecords {
  /** `base`: where its bytes begin in the arena, -1 where they are not in it; `fills` changes when they do. */
  readonly slab: {
    readonly base: number;
    readonly view: DataView;
    pos: number;
    readonly end: number;
    readonly fills: number;
    /** Entries of its records that another thread has made: where they are in the arena, and how many. */
    readonly madeAt: number;
    readonly made: number;
  };
  readonly info: Tally;
  readonly linkType: number;
  /** Index of the capture. */
  readonly capture: number;
  /** Whether fractions of seconds are nanoseconds, not microseconds. */
  readonly nanos: boolean;
  /** Frames of this second and later are not to be taken: those of another input may come between. */
  readonly untilSec: number;
}

/** What `CaptureReader.next` says. */
export const NEXT_FRAME = 1;
/** The slab is used up: await `more()`. */
export const NEXT_WAIT = 0;

/**
 * Frames of one or several captures, in time order across captures, in file order within one.
 *
 *     while (await reader.more()) while (reader.next() === NEXT_FRAME) use(reader.frame)
 *
 * `next` never awaits and never allocates; `more` reads blocks. Damage ends that input, not the others: it is written
 * down in its `CaptureInfo`, and what was read before it stays valid.
 */
export interface CaptureReader {
  readonly captures: readonly CaptureInfo[];
  /** The current frame. One object per input, so read this property after each `next()`. */
  readonly frame: Frame;
  next(): number;
  /** What comes next, where it is plain records and nothing of another input stands before it. */
  readonly plain: PlainRecords | null;
  /** Resolves to false at the end of all inputs. */
  more(): Promise<boolean>;
  /** Bytes of the inputs (as stored) used up so far, for progress. */
  readonly bytesRead: number;
  close(): Promise<void>;
}
