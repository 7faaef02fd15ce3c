/**
 * Assets: what devices say they are, gathered from the facts of their messages. One row is one device by one source; a
 * second source, and a second word of the same source that contradicts the first, is a row of its own: whoever reads them
 * decides which to believe. Each MAC address that ARP claims for an address is such a row, of source `ARP`.
 */
import { formatHex, formatIpv4 } from "../address.ts";
import { maySay } from "../decode/details.ts";
import type { AssetFact } from "../decode/facts.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import { ARP, type AssetRow } from "../report/result.ts";
import { formatInstant } from "../time.ts";
import type { Conversations } from "./conversations.ts";
import { dhcpAddresses } from "./dhcp.ts";
import { addressText } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsWithDetail } from "./with-detail.ts";

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

interface Claim {
  row: AssetRow;
  firstSec: number;
  firstNsec: number;
  lastSec: number;
  lastNsec: number;
}

/** Sorted by realm, address, source and time. At most `LIMITS.assets` rows; what goes beyond is counted. */
export function collectAssets(all: Conversations): AssetRow[] {
  const { seen } = all;
  const view = all.view();
  const leases = new Leases(seen);
  const claims = new Map<string, Claim[]>();
  let count = 0;
  for (const flow of flowsWithDetail(seen)) {
    const { detail } = view.move(flow);
    if (detail === null || !maySay(detail, "asset")) continue;
    let client = "";
    for (const { fact, dir, capture, frame, sec, nsec, mac: sender } of detail.sightings) {
      if (fact.kind === "field" && fact.field === "dhcp.client-mac") client = String(fact.value);
      if (fact.kind !== "asset") continue;
      let address = addressText(seen.flows.ipv6, view.family, view.address(dir));
      let mac = view.family === R.FAMILY_ETH ? address : (leases.mac(view.realm, address) ?? sender ?? null);
      if (address === "0.0.0.0" || address === "::") {
        // Who has no address yet is who gets one in the end, else only a MAC address.
        if (client === "") continue;
        mac = client;
        address = leases.address(view.realm, client) ?? client;
      }
      const column = COLUMN[fact.what];
      const key = JSON.stringify([view.realm, address, fact.source]);
      const known = claims.get(key) ?? [];
      let claim = known.find(({ row }) => row[column] === null || row[column] === fact.value);
      if (claim === undefined) {
        if (count >= LIMITS.assets) {
          seen.caps.hit("assets");
          continue;
        }
        count++;
        const asked = view.initiator().dir !== dir || all.gathered.has(flow);
        const row = emptyRow(seen.realms[view.realm] ?? "", address, fact.source, asked, capture, frame);
        row.mac = mac;
        claim = { row, firstSec: sec, firstNsec: nsec, lastSec: sec, lastNsec: nsec };
        known.push(claim);
        claims.set(key, known);
      }
      claim.row[column] = fact.value;
      extend(claim, sec, nsec, capture, frame);
    }
  }
  const rows = neighbourRows(seen, count);
  for (const claim of [...claims.values()].flat()) {
    claim.row.first_seen = formatInstant(claim.firstSec, claim.firstNsec);
    claim.row.last_seen = formatInstant(claim.lastSec, claim.lastNsec);
    rows.push(claim.row);
  }
  const order = (row: AssetRow): string => [row.realm, row.address, row.source, row.first_seen, row.mac].join("\0");
  return rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

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
  } else if (sec > claim.lastSec || (sec === claim.lastSec && nsec > claim.lastNsec)) {
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
