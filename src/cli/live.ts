/** `wirepact live -i IFACE …`: live traffic held against models, or only described where none is given. */
import { UsageError } from "../errors.ts";
import { unjudged } from "../judging.ts";
import type { EngineName, LiveRequest } from "../live/engine.ts";
import { openSources } from "../live/engines.ts";
import { parseDuration } from "../model/values.ts";
import type { RunOptions } from "../pipeline.ts";
import { type CheckOptions, judgedHow } from "./check.ts";
import { DEFAULT_DATABASE } from "./database.ts";
import { warn } from "./errors.ts";
import { judgingOf } from "./judging.ts";
import { carryOut } from "./live-run.ts";
import { writeTo } from "./output.ts";
import { sizeOption } from "./sizes.ts";

export interface LiveCliOptions extends CheckOptions {
  interface: string[];
  listInterfaces?: boolean;
  filter?: string;
  for?: string;
  count?: string;
  snapLength: string;
  bufferSize: string;
  promiscuous: boolean;
  engine?: EngineName;
  user?: string;
  checkpoint: string;
  keepPackets?: string;
  keepSize: string;
}

export async function live(options: LiveCliOptions): Promise<number> {
  if (options.listInterfaces === true) return listAll();
  const names = [...new Set(options.interface)];
  if (names.length === 0 || names.includes("")) {
    throw new UsageError("no interface given; name one with -i, or any for all (wirepact live --list-interfaces)");
  }
  const requests = names.map((name) => requestOf(name, options));
  const task = {
    ...(await judgingAsked(options)),
    ...judgedHow(options),
    realm: realmOf(options.realm),
    forMs: options.for === undefined ? null : duration("--for", options.for),
    count: options.count === undefined ? null : positive("--count", options.count),
    captureFilter: options.filter ?? "",
    checkpointMs: duration("--checkpoint", options.checkpoint),
    keepBytes: sizeOption("--keep-size", options.keepSize),
  };
  const opened = await openSources(requests, options.engine);
  if (opened.instead !== null) warn(opened.instead);
  const where = { ...options, database: options.db ?? DEFAULT_DATABASE, heldAgainst: heldAgainst(options) };
  return carryOut(opened, task, where, () => judgingAsked(options));
}

/** Without a model nothing is judged, as in `observe`. */
async function judgingAsked(
  options: LiveCliOptions,
): Promise<Pick<RunOptions, "models" | "background" | "site" | "bindings">> {
  return options.model.length === 0 && options.site === undefined ? unjudged() : judgingOf(options);
}

/** What the command line says unless asked otherwise. */
const MIN_SPAN = "5m";

function heldAgainst(options: LiveCliOptions): string[] {
  const { model, site, bind, set, background, scope, infer, strict = false, minSpan, asOf } = options;
  return [
    ...model.flatMap((name) => ["--model", name]),
    ...(site === undefined ? [] : ["--site", site]),
    ...bind.flatMap((word) => ["--bind", word]),
    ...set.flatMap((word) => ["--set", word]),
    ...(background ? [] : ["--no-background"]),
    ...(scope === "all" ? ["--scope", scope] : []),
    ...(infer ? [] : ["--no-infer"]),
    ...(strict ? ["--strict"] : []),
    ...(minSpan === MIN_SPAN ? [] : ["--min-span", minSpan]),
    ...(asOf === undefined ? [] : ["--as-of", asOf]),
  ];
}

function requestOf(name: string, options: LiveCliOptions): LiveRequest {
  const snapLength = positive("--snap-length", options.snapLength);
  if (snapLength < 64 || snapLength > 262_144) {
    throw new UsageError(`--snap-length ${options.snapLength}: expected 64 to 262144 bytes of each frame`);
  }
  const bufferBytes = sizeOption("--buffer-size", options.bufferSize);
  if (bufferBytes > 0x7fff_ffff) {
    throw new UsageError(`--buffer-size ${options.bufferSize}: libpcap takes less than 2G; ask for less, such as 64M`);
  }
  return { interface: name, filter: options.filter ?? "", snapLength, bufferBytes, promiscuous: options.promiscuous };
}

/** All interfaces of one run are one capture point, so they are in one realm. */
function realmOf(realms: readonly string[]): string | null {
  const [first, ...others] = realms;
  if (first === undefined) return null;
  if (others.length > 0 || !/^[A-Za-z0-9][\w.-]*$/.test(first)) {
    throw new UsageError(`--realm ${realms.join(" ")}: a live run is in one realm; write --realm NAME`);
  }
  return first;
}

async function listAll(): Promise<number> {
  const { loadNative } = await import("../live/libpcap.ts");
  const { listInterfaces } = await import("../live/interfaces.ts");
  const { safe } = await import("../report/safe.ts");
  const lines = listInterfaces(await loadNative()).map(({ name, description, addresses, up, loopback }) => {
    const state = `${up ? "up" : "down"}${loopback ? ", loopback" : ""}`;
    const rest = [addresses.join(" "), description ?? ""].filter((part) => part !== "").join("  ");
    return `${safe(name.padEnd(16))} ${state.padEnd(14)} ${safe(rest)}\n`;
  });
  await writeTo(process.stdout, lines);
  return 0;
}

function duration(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new UsageError(`${option} ${text}: expected a duration such as 10s, 5m or 1h`);
  return ms;
}

function positive(option: string, text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value === 0) throw new UsageError(`${option} ${text}: expected a whole number above zero`);
  return value;
}
