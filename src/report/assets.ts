/** Devices that said what they are, as text, JSON and CSV. Text off the wire stays text in each. */
import { csvLine } from "./csv.ts";
import { jsonText } from "./json.ts";
import { Page } from "./page.ts";
import type { Pen } from "./pen.ts";
import type { AssetRow, RunResult } from "./result.ts";
import { plural } from "./words.ts";

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
  const addresses = new Map<string, AssetRow[]>();
  for (const asset of result.assets) {
    const key = `${asset.realm}\0${asset.address}`;
    addresses.set(key, [...(addresses.get(key) ?? []), asset]);
  }
  page.heading("DEVICES", `${plural(addresses.size, "device")} that said what they are`);
  if (addresses.size === 0)
    page.text(
      "None. Devices are known by their own words only: answers to identity questions, and what they announce.",
    );
  const realms = new Set(result.assets.map((asset) => asset.realm)).size;
  for (const claims of addresses.values()) {
    const [{ address, realm, mac }] = claims as [AssetRow, ...AssetRow[]];
    page.blank();
    const also = [realms > 1 ? realm : "", mac !== null && mac !== address ? mac : ""].filter((part) => part !== "");
    page.hang({ text: address, paint: pen.bold }, also.join(" · "), { paint: pen.dim });
    for (const claim of claims) {
      const where = `${claim.source}, ${claim.how}, frame ${claim.first_frame}`;
      page.hang({ text: claimText(claim) }, "", { indent: 4 });
      page.text(where, { indent: 6, paint: pen.dim });
    }
  }
  return page.toString();
}

function claimText(claim: AssetRow): string {
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
