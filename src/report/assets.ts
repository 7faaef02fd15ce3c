/** Devices that said what they are, as text, JSON and CSV. Text off the wire stays text in each. */
import { csvLine } from "./csv.ts";
import { jsonText } from "./json.ts";
import { Page } from "./page.ts";
import type { Pen } from "./pen.ts";
import { ARP, type AssetRow, type RunResult } from "./result.ts";
import { FrameNames, few, plural } from "./words.ts";

export const ASSET_FORMS = ["text", "json", "csv"] as const;
export type AssetForm = (typeof ASSET_FORMS)[number];

/** In the order of the view, and the same for every run. */
const COLUMNS = [
  ...(["address", "mac", "kind", "vendor", "product", "order_code", "version", "serial", "name", "location"] as const),
  ...(["source", "how", "first_seen", "last_seen", "realm", "first_capture_id", "first_frame"] as const),
] satisfies readonly (keyof AssetRow)[];

export function* assetReport(result: RunResult, form: AssetForm, pen: Pen): Generator<string, void, undefined> {
  if (form === "json") yield* jsonLines(result.assets);
  else if (form === "csv") yield* csvLines(result.assets);
  else yield textPage(result, pen);
}

function* jsonLines(assets: readonly AssetRow[]): Generator<string> {
  yield "[";
  for (const [i, asset] of assets.entries()) yield `${i === 0 ? "" : ","}\n${jsonText(asset)}`;
  yield "]\n";
}

function* csvLines(assets: readonly AssetRow[]): Generator<string> {
  yield csvLine(COLUMNS);
  for (const asset of assets) yield csvLine(COLUMNS.map((column) => asset[column]));
}

function textPage(result: RunResult, pen: Pen): string {
  const page = new Page(pen);
  const names = new FrameNames(result.captures);
  const frameOf = ({ first_capture_id, first_frame }: AssetRow): string =>
    result.captures.length > 1 ? names.name(first_capture_id, first_frame) : `frame ${first_frame}`;
  const realms = new Set(result.assets.map((asset) => asset.realm)).size;
  const told = grouped(
    result.assets.filter((asset) => asset.source !== ARP),
    keyOf,
  );
  const arps = result.assets.filter((asset) => asset.source === ARP);
  const claimed = grouped(arps, keyOf);
  const byMac = grouped(arps, (asset) => asset.mac ?? "");
  page.heading("DEVICES", `${plural(told.size, "device")} that said what they are`);
  if (told.size === 0)
    page.text(
      "None. Devices are known by their own words only: answers to identity questions, and what they announce.",
    );
  for (const [key, claims] of told) {
    const [{ address, realm, mac }] = claims as [AssetRow, ...AssetRow[]];
    page.blank();
    const also = [realms > 1 ? realm : "", mac !== null && mac !== address ? mac : ""].filter((part) => part !== "");
    page.hang({ text: address, paint: pen.bold }, also.join(" · "), { paint: pen.dim });
    if (claims.length > 1) page.text(claimText(together(claims)), { indent: 4 });
    for (const claim of claims) {
      const from = `${claim.source}, ${claim.how}, ${frameOf(claim)}`;
      if (claims.length === 1) page.text(claimText(claim), { indent: 4 });
      page.text(claims.length === 1 ? from : `${claimText(claim)}: ${from}`, { indent: 6, paint: pen.dim });
    }
    const arp = claimed.get(key) ?? [];
    claimed.delete(key);
    for (const claim of arp) page.text(`ARP, heard, ${frameOf(claim)}: ${claim.mac}`, { indent: 6, paint: pen.dim });
    // A device that is known by its MAC address alone: what address ARP gives it.
    for (const claim of byMac.get(address) ?? [])
      page.text(`ARP, heard, ${frameOf(claim)}: ${claim.address}`, { indent: 6, paint: pen.dim });
    if (arp.length > 1) page.text(severalOwners(arp), { indent: 6, paint: pen.yellow });
  }
  if (claimed.size === 0) return page.toString();
  page.heading("HEARD BY ARP ALONE", `${plural(claimed.size, "address", "addresses")} that somebody claimed`);
  for (const claims of claimed.values()) {
    const [{ address, realm }] = claims as [AssetRow, ...AssetRow[]];
    const macs = claims.map((claim) => `${claim.mac} (${frameOf(claim)})`).join(", ");
    page.hang({ text: address }, [realms > 1 ? realm : "", macs].filter((part) => part !== "").join(" · "));
    if (claims.length > 1) page.text(severalOwners(claims), { indent: 6, paint: pen.yellow });
  }
  return page.toString();
}

const severalOwners = (claims: readonly AssetRow[]): string =>
  `${claims.length} MAC addresses claim it: a spare that took over, two devices with one address, or a forgery.`;

const keyOf = (asset: AssetRow): string => `${asset.realm}\0${asset.address}`;

function grouped(assets: readonly AssetRow[], key: (asset: AssetRow) => string): Map<string, AssetRow[]> {
  const groups = new Map<string, AssetRow[]>();
  for (const asset of assets) {
    const known = groups.get(key(asset));
    if (known === undefined) groups.set(key(asset), [asset]);
    else known.push(asset);
  }
  return groups;
}

/** Of all that is said of a device at a glance: each word once, and beside it those that contradict it. */
function together(claims: readonly AssetRow[]): Said {
  const said: Said = { ...NOTHING_SAID };
  for (const column of SAID) {
    const values = [...new Set(claims.flatMap((claim) => claim[column] ?? []))];
    if (values.length > 0) said[column] = values.length > 1 ? `(${few(values, MOST_VALUES)})` : values[0]!;
  }
  return said;
}
const MOST_VALUES = 3;
const SAID = ["kind", "vendor", "product", "order_code", "version", "serial", "name", "location"] as const;
type Said = Pick<AssetRow, (typeof SAID)[number]>;
const NOTHING_SAID: Said = {
  ...{
    kind: null,
    vendor: null,
    product: null,
    order_code: null,
    version: null,
    serial: null,
    name: null,
    location: null,
  },
};

function claimText(claim: Said): string {
  const parts = [
    [claim.vendor, claim.product, claim.order_code].filter((part) => part !== null).join(" "),
    claim.kind ?? "",
    claim.version === null ? "" : `version ${claim.version}`,
    claim.serial === null ? "" : `serial ${claim.serial}`,
    claim.name === null ? "" : `name ${claim.name}`,
    claim.location === null ? "" : `at ${claim.location}`,
  ];
  return parts.filter((part) => part !== "").join(" · ");
}
