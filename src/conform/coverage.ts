/** What the captures could see, and when: their pauses, their own counts of loss, and hosts whose streams have holes. */
import type { CaptureInfo } from "../capture/frame.ts";
import { commonPauses, type Pause, pausedWithin } from "../capture/pauses.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { protocolKey } from "../observe/departed.ts";
import { hostKey } from "../observe/departed-uses.ts";
import { addressText, FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { realmNames } from "../observe/realms.ts";
import type { CastHost } from "./cast.ts";
import { inRange } from "./endpoint-names.ts";
import { passesAll } from "./filters.ts";

export const DNS_PORT = 53;

export class Coverage {
  readonly #captures: readonly CaptureInfo[];
  readonly #pauses = new Map<string | null, Pause[]>();
  /** Connections with holes, by realm and address of each end. */
  readonly #holed = new Map<string, Map<string, number>>();
  /** `protocolKey` of every flow. */
  readonly #protocols: Set<number>;
  /** Numbers of realms in which something else than DNS was captured. */
  readonly #beyondDns = new Set<number>();
  readonly #realms: readonly string[];
  readonly #departed: Observation["departed"];
  /** Seconds by which the captures' clocks were set back: two times of theirs are nearer to each other by up to that. */
  readonly setBackSec: number;

  constructor(seen: Observation) {
    this.setBackSec = seen.clockBackSec;
    this.#captures = seen.captures;
    this.#realms = seen.realms;
    this.#departed = seen.departed;
    this.#protocols = new Set(seen.departed?.protocols);
    const { table, ipv6 } = seen.flows;
    const view = new FlowView(seen);
    // What has no IP passes no filter on a port.
    for (const { realm } of seen.neighbours.claims.values()) this.#beyondDns.add(realm);
    let like = -1;
    let isBeyond = false;
    for (let flow = 0; flow < table.count; flow++) {
      const row = table.rows(flow);
      const at = table.at(flow);
      const meta = row[at + R.META]!;
      if (meta !== like) {
        this.#protocols.add(protocolKey(meta));
        isBeyond = this.#beyondDns.has(meta >>> 16);
        like = meta;
      }
      if (!isBeyond && !isDns(meta, row[at + R.PORTS]!)) {
        this.#beyondDns.add(meta >>> 16);
        isBeyond = true;
      }
      const isWhole = (row[at + R.STATE]! & R.S_HOLE) === 0 && row[at + R.PACKETS]! > 0 && row[at + R.PACKETS + 1]! > 0;
      if (isWhole) continue;
      view.move(flow);
      const realm = seen.realms[view.realm] ?? "";
      if (!view.lacks(0) && !view.lacks(1)) continue;
      const ends = this.#holed.get(realm) ?? new Map<string, number>();
      this.#holed.set(realm, ends);
      for (const dir of [0, 1] as const) {
        if (!view.lacks(dir)) continue;
        const address = addressText(ipv6, view.family, view.address(dir));
        ends.set(address, (ends.get(address) ?? 0) + 1);
      }
    }
  }

  /** Seconds for which a host that appears was certainly seen: neither pauses nor what a clock was set back by are among them. */
  seconds({ realm, presence }: CastHost): number {
    const { firstSec, lastSec } = presence;
    return Math.max(0, lastSec - firstSec - pausedWithin(this.pauses(realm), firstSec, lastSec) - this.setBackSec);
  }

  /** Packets that captures lost, by their own count, which were taken while the host was there. */
  drops({ realm, presence }: CastHost): number {
    return this.#of(realm)
      .filter(({ firstSec, lastSec }) => firstSec <= presence.lastSec && lastSec >= presence.firstSec)
      .reduce((sum, capture) => sum + (capture.drops ?? 0), 0);
  }

  /** A filter of a capture in which the host was, which may have kept some of its traffic out; null for none. */
  filtered(host: CastHost, withoutIp: boolean): string | null {
    const { firstSec, lastSec } = host.presence;
    return this.#filterFor(host, withoutIp, (capture) => capture.firstSec <= lastSec && capture.lastSec >= firstSec);
  }

  /** A filter of any capture where the host should be, which may have kept it out; null for none. */
  hides(host: CastHost): string | null {
    return this.#filterFor(host, false, () => true);
  }

  #filterFor({ realm, host }: CastHost, withoutIp: boolean, counts: (capture: CaptureInfo) => boolean): string | null {
    for (const capture of this.#of(realm)) {
      const filter = counts(capture) ? capture.filters.find((text) => !passesAll(text, host, withoutIp)) : undefined;
      if (filter !== undefined) return filter;
    }
    return null;
  }

  /**
   * Connections of the host of which packets that passed are not in the capture (`FlowView.lacks`). How many they are says nothing of what else it lacks, so one is enough.
   */
  holed({ realm, host }: CastHost): number {
    let count = 0;
    for (const [name, ends] of this.#holed) {
      if (realm !== null && realm !== name) continue;
      for (const [address, holed] of ends) if (host.addresses.some((range) => inRange(range, address))) count += holed;
    }
    for (const name of realm === null ? this.#realms : [realm])
      count += this.#departed?.hosts.get(hostKey(name, host.text))?.holed ?? 0;
    return count;
  }

  /** Whether anybody at all used this IP protocol where the host is. */
  uses(protocol: number, { realm }: CastHost): boolean {
    return this.#realms.some((name, i) => (realm ?? name) === name && this.#protocols.has((i << 8) | protocol));
  }

  /**
   * Whether nothing but DNS was captured where the host is, as a filter lets it through: whoever asks for a name goes on to use
   * it. What has left a live run's memory was something else, perhaps; its filter is known.
   */
  isDnsAlone({ realm }: CastHost): boolean {
    if (this.#departed !== undefined && this.#departed !== null) return false;
    return this.#realms.every((name, i) => (realm ?? name) !== name || !this.#beyondDns.has(i));
  }

  /** `realm`: null for all. */
  pauses(realm: string | null): readonly Pause[] {
    let known = this.#pauses.get(realm);
    if (known === undefined) {
      known = commonPauses(this.#of(realm));
      this.#pauses.set(realm, known);
    }
    return known;
  }

  #of(realm: string | null): readonly CaptureInfo[] {
    return realm === null ? this.#captures : this.#captures.filter((capture) => realmNames(capture).includes(realm));
  }
}

function isDns(meta: number, ports: number): boolean {
  const proto = meta & 0xff;
  return (proto === TCP || proto === UDP) && (ports >>> 16 === DNS_PORT || (ports & 0xffff) === DNS_PORT);
}
