/**
 * Assets: what devices say they are, gathered from the facts of their messages. A row is one message's words about one
 * device, all of them in the frame that it names. Who says the same again, or less of it, adds no row; who says something
 * else does: claims that contradict each other stand side by side, and whoever reads them decides which to believe. Each
 * MAC address that ARP claims for an address is such a row, of source `ARP`.
 */
import { formatHex, formatIpv4 } from "../address.ts";
import type { AssetFact, Sighting } from "../decode/facts.ts";
import { isLater } from "../decode/tally-kinds.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import { ARP, type AssetRow } from "../report/result.ts";
import { formatInstant } from "../time.ts";
import type { Conversations } from "./conversations.ts";
import { dhcpAddresses } from "./dhcp.ts";
import { addressText } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

type Column = "kind" | "vendor" | "product" | "order_code" | "version" | "serial" | "name" | "location";
const COLUMN: Readonly<Record<AssetFact["what"], Column>> = {
  kind: "kind",
  vendor: "vendor",
  product: "product",
  "order-code": "order_code",
  version: "version",
  serial: "serial",
  name: "name",
  location: "location",
};
const COLUMNS = Object.values(COLUMN);

/** What a message says of a device. */
type Words = Partial<Record<Column, string>>;

interface Claim {
  row: AssetRow;
  words: Words;
  firstSec: number;
  firstNsec: number;
  lastSec: number;
  lastNsec: number;
}

/** By realm, address and source; then by their words. */
export type AssetClaims = Map<string, Map<string, Claim>>;

/** Sorted by realm, address, source and time. At most `LIMITS.assets` rows; what goes beyond is counted. */
export function collectAssets(all: Conversations): AssetRow[] {
  const { seen } = all;
  const claims: AssetClaims = new Map();
  for (const [key, known] of seen.departed?.assets ?? [])
    claims.set(key, new Map([...known].map(([text, claim]) => [text, { ...claim, row: { ...claim.row } }])));
  addClaims(claims, all, flowsSaying(seen, "asset"));
  const rows = neighbourRows(seen, countOf(claims));
  for (const known of claims.values()) {
    for (const claim of withoutParts([...known.values()])) {
      claim.row.first_seen = formatInstant(claim.firstSec, claim.firstNsec);
      claim.row.last_seen = formatInstant(claim.lastSec, claim.lastNsec);
      rows.push(claim.row);
    }
  }
  const order = (row: AssetRow): string =>
    [row.realm, row.address, row.source, row.first_seen, row.mac, row.product].join("\0");
  return rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

const countOf = (claims: AssetClaims): number => [...claims.values()].reduce((count, { size }) => count + size, 0);

/** What these flows say of devices, beside what is there. */
export function addClaims(claims: AssetClaims, all: Conversations, flows: Iterable<number>): void {
  const { seen } = all;
  const view = all.view();
  const leases = new Leases(seen);
  let count = countOf(claims);
  for (const flow of flows) {
    const { detail } = view.move(flow);
    if (detail === null) continue;
    let client = "";
    for (const message of messagesOf(detail.sightings)) {
      client = clientMac(message) ?? client;
      const telling = message.find(({ fact }) => fact.kind === "asset");
      if (telling === undefined) continue;
      const { dir, capture, frame, sec, nsec, mac: sender } = telling;
      let address = addressText(seen.flows.ipv6, view.family, view.address(dir));
      let mac = view.family === R.FAMILY_ETH ? address : (leases.mac(view.realm, address) ?? sender ?? null);
      if (address === "0.0.0.0" || address === "::") {
        // Who has no address yet is who gets one in the end, else only a MAC address.
        if (client === "") continue;
        mac = client;
        address = leases.address(view.realm, client) ?? client;
      }
      for (const { source, words } of saidIn(message)) {
        const key = JSON.stringify([view.realm, address, source]);
        const known = claims.get(key) ?? new Map<string, Claim>();
        claims.set(key, known);
        const text = textOf(words);
        let claim = known.get(text);
        if (claim === undefined) {
          if (count >= LIMITS.assets) {
            seen.caps.hit("assets");
            continue;
          }
          count++;
          const asked = view.initiator().dir !== dir || all.gathered.has(flow);
          const row = emptyRow(seen.realms[view.realm] ?? "", address, source, asked, capture, frame);
          Object.assign(row, words, { mac });
          claim = { row, words, firstSec: sec, firstNsec: nsec, lastSec: sec, lastNsec: nsec };
          known.set(text, claim);
        }
        extend(claim, sec, nsec, capture, frame);
      }
    }
  }
}

/** Sightings by the message that said them. */
function* messagesOf(sightings: readonly Sighting[]): Generator<Sighting[]> {
  let message: Sighting[] = [];
  for (const sighting of sightings) {
    const [first] = message;
    const same = first?.frame === sighting.frame && first.dir === sighting.dir && first.capture === sighting.capture;
    if (!same && message.length > 0) {
      yield message;
      message = [];
    }
    message.push(sighting);
  }
  if (message.length > 0) yield message;
}

function clientMac(message: readonly Sighting[]): string | null {
  for (const { fact } of message)
    if (fact.kind === "field" && fact.field === "dhcp.client-mac") return String(fact.value);
  return null;
}

/** A message's words by their source; a word that is said twice, of two parts of a device, begins a claim of its own. */
function saidIn(message: readonly Sighting[]): { source: string; words: Words }[] {
  const said: { source: string; words: Words }[] = [];
  for (const { fact } of message) {
    if (fact.kind !== "asset") continue;
    const column = COLUMN[fact.what];
    let last = said.findLast(({ source }) => source === fact.source);
    if (last === undefined || (last.words[column] ?? fact.value) !== fact.value) {
      last = { source: fact.source, words: {} };
      said.push(last);
    }
    last.words[column] = fact.value;
  }
  return said;
}

const textOf = (words: Words): string => JSON.stringify(COLUMNS.map((column) => words[column] ?? null));

/** Claims that say all that another one says and more stand for both. At most so many are compared. */
function withoutParts(claims: Claim[]): Claim[] {
  if (claims.length > MOST_COMPARED) return claims;
  return claims.filter((claim) => {
    const whole = claims.find((other) => other !== claim && contains(other.words, claim.words));
    if (whole === undefined) return true;
    if (isLater(claim.lastSec, claim.lastNsec, whole.lastSec, whole.lastNsec)) {
      whole.lastSec = claim.lastSec;
      whole.lastNsec = claim.lastNsec;
    }
    return false;
  });
}
const MOST_COMPARED = 64;

const contains = (whole: Words, part: Words): boolean =>
  COLUMNS.every((column) => part[column] === undefined || part[column] === whole[column]);

/** What ARP says, as far as `LIMITS.assets` leaves room. */
function neighbourRows(seen: Observation, taken: number): AssetRow[] {
  const rows: AssetRow[] = [];
  for (const claim of seen.neighbours.claims.values()) {
    if (claim.ipv6 !== undefined) continue;
    if (taken + rows.length >= LIMITS.assets) {
      seen.caps.hit("assets");
      break;
    }
    const realm = seen.realms[claim.realm] ?? "";
    const row = emptyRow(realm, formatIpv4(claim.address), ARP, false, claim.capture, claim.frame);
    row.mac = formatHex("mac", claim.mac);
    row.first_seen = formatInstant(claim.sec, claim.nsec);
    row.last_seen = formatInstant(claim.lastSec, claim.lastNsec);
    rows.push(row);
  }
  return rows;
}

function extend(claim: Claim, sec: number, nsec: number, capture: number, frame: number): void {
  if (sec < claim.firstSec || (sec === claim.firstSec && nsec < claim.firstNsec)) {
    claim.firstSec = sec;
    claim.firstNsec = nsec;
    claim.row.first_frame = frame;
    claim.row.first_capture_id = capture;
  } else if (isLater(sec, nsec, claim.lastSec, claim.lastNsec)) {
    claim.lastSec = sec;
    claim.lastNsec = nsec;
  }
}

function emptyRow(
  realm: string,
  address: string,
  source: string,
  asked: boolean,
  capture: number,
  frame: number,
): AssetRow {
  return {
    ...{ address, kind: null, vendor: null, product: null, version: null, serial: null, name: null },
    ...{ source, first_seen: "", last_seen: "", realm, mac: null, order_code: null, location: null },
    how: asked ? "asked" : "heard",
    first_frame: frame,
    first_capture_id: capture,
  };
}

/**
 * Who has which MAC address, as far as a message of the same link says so itself: DHCP names the client's hardware address
 * and the address that it gets. A frame's own addresses are enough only where no router was between: see `Sighting.mac`.
 */
class Leases {
  /** By realm and IP address: its MAC address, null where it had several. */
  readonly #macs = new Map<string, string | null>();
  /** By realm and MAC address: its IP address, null where it had several. */
  readonly #addresses = new Map<string, string | null>();

  constructor(seen: Observation) {
    for (const { realm, mac, address } of dhcpAddresses(seen)) {
      learn(this.#macs, `${realm}/${address}`, mac);
      learn(this.#addresses, `${realm}/${mac}`, address);
    }
  }

  mac(realm: number, address: string): string | null {
    return this.#macs.get(`${realm}/${address}`) ?? null;
  }
  address(realm: number, mac: string): string | null {
    return this.#addresses.get(`${realm}/${mac}`) ?? null;
  }
}

function learn(map: Map<string, string | null>, key: string, value: string): void {
  const known = map.get(key);
  map.set(key, known === undefined || known === value ? value : null);
}
