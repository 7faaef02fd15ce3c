import type { CaptureDamage, CaptureInfo } from "./frame.ts";
import { addPause, PAUSE_SEC, type Pause, takeSeen } from "./pauses.ts";
import type { RealmPart } from "./realm-parts.ts";

/** `CaptureInfo` as its reader fills it. One shape for all inputs, so that counting stays cheap. */
export class Tally implements CaptureInfo {
  readonly path: string;
  readonly realm: string;
  readonly parts?: readonly RealmPart[];
  format = "unknown";
  linkTypes: number[] = [];
  snapLength = 0;
  packets = 0;
  bytes = 0;
  framesCut = 0;
  drops: number | null = null;
  pauses: Pause[] = [];
  filters: readonly string[] = [];
  cut = false;
  damage: CaptureDamage | null = null;
  firstSec = 0;
  firstNsec = 0;
  lastSec = 0;
  lastNsec = 0;
  hosts: { address: string; name: string }[] = [];
  size: number | null = null;
  beside?: number;

  constructor(path: string, realm: string, parts: readonly RealmPart[] = []) {
    this.path = path;
    this.realm = realm;
    if (parts.length > 0) this.parts = parts;
  }

  /** Forgets what was read, to be read again from its start. */
  reset(): void {
    const { path, realm, parts, size, filters } = this;
    Object.assign(this, new Tally(path, realm, parts), { size, filters });
  }

  /** Counts one frame. First and last are the earliest and the latest time, wherever in the file they stand. */
  count(sec: number, nsec: number, capLen: number, wireLen: number): void {
    if (this.packets++ === 0) {
      this.firstSec = sec;
      this.firstNsec = nsec;
      this.lastSec = sec;
      this.lastNsec = nsec;
    } else {
      this.#reach(sec, nsec, sec, nsec);
    }
    this.bytes += wireLen;
    if (wireLen > capLen) this.framesCut++;
  }

  /** Counts frames behind the first, in order of time and without a pause among them; the times are those of the first of them and the last. */
  countMany(
    packets: number,
    bytes: number,
    cut: number,
    fromSec: number,
    fromNsec: number,
    sec: number,
    nsec: number,
  ): void {
    this.packets += packets;
    this.bytes += bytes;
    this.framesCut += cut;
    this.#reach(fromSec, fromNsec, sec, nsec);
  }

  /** Frames from one time to another, without a pause between them: later than all before, as most are, or not. */
  #reach(fromSec: number, fromNsec: number, sec: number, nsec: number): void {
    if (fromSec < this.lastSec) {
      if (this.firstSec - fromSec > PAUSE_SEC) addPause(this.pauses, fromSec, this.firstSec);
      if (this.pauses.length > 0) takeSeen(this.pauses, fromSec, sec);
      if (fromSec < this.firstSec || (fromSec === this.firstSec && fromNsec < this.firstNsec)) {
        this.firstSec = fromSec;
        this.firstNsec = fromNsec;
      }
    } else if (fromSec - this.lastSec > PAUSE_SEC) {
      addPause(this.pauses, this.lastSec, fromSec);
    }
    if (sec > this.lastSec || (sec === this.lastSec && nsec > this.lastNsec)) {
      this.lastSec = sec;
      this.lastNsec = nsec;
    }
  }

  /** A link type that this capture declares; each is listed once, and a list of nonsense ends somewhere. */
  declare(linkType: number): void {
    if (this.linkTypes.length < 256 && !this.linkTypes.includes(linkType)) this.linkTypes.push(linkType);
  }

  /** A filter that keeps frames from it; each is listed once, and a list of nonsense ends somewhere. */
  filteredBy(text: string): void {
    if (this.filters.length < 16 && !this.filters.includes(text)) this.filters = [...this.filters, text];
  }

  /** Frames that the capturing side says it lost before they could be written. */
  lost(count: number): void {
    this.drops = (this.drops ?? 0) + count;
  }
}
