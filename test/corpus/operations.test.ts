/**
 * Operations of industrial protocols held against tshark's on third-party captures: what was sent, by whom, as question or
 * answer, how often. They stand beside the project (`../shared/captures`); where they do not, this is skipped, aloud.
 *
 * Every difference is in `operations-known.tsv` with the bytes that are its reason: a new one fails, and so does a row that
 * is one no longer.
 */
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { describe } from "../../src/conform/conform.ts";
import { atEnd } from "../../src/observe/ends.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { observeFile } from "../support/observe.ts";

const CAPTURES = "../shared/captures";
const LABELS = `${CAPTURES}/labels/ot-operations.tsv`;
const KNOWN = "test/corpus/operations-known.tsv";

/** A label's protocol by our decoder's id. Synchrophasor has none here; EtherNet/IP and CIP are told apart as tshark does. */
const IDS: Readonly<Record<string, string>> = {
  ...{ modbus: "modbus", bacnet: "bacnet", s7comm: "s7comm", enip: "enip", cip: "cip", dnp3: "dnp3", iec104: "iec104" },
  ...{ opcua: "opcua", mms: "mms", omron: "fins", pn_io: "profinet-cm", pn_dcp: "profinet-dcp" },
};

type Label = Readonly<Record<"pcap" | "protocol" | "src" | "pdu" | "code" | "encap" | "count", string>>;
type Counts = Map<string, number>;

function table(path: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  const columns = head!.split("\t");
  return lines.map((line) => {
    const cells = line.split("\t");
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]));
  });
}

/** `request`, `response`, or `` where tshark does not say which. */
function roleOf({ protocol, pdu }: Label): string {
  if (protocol === "opcua" && pdu === "") return "response"; // a fault
  if (pdu === "" || protocol === "mms") return "";
  return /request|confirm$/.test(pdu) ? "request" : "response";
}

function codeOf({ protocol, pdu, code }: Label): string {
  if (protocol === "bacnet") return `${pdu.startsWith("unconfirmed") ? "unconfirmed" : "confirmed"}:${code}`;
  return code.startsWith("0x") ? String(Number(code)) : code;
}

/** What tshark counts of one capture, by `protocol sender role code`. */
function theirs(labels: readonly Label[]): Counts {
  const counts: Counts = new Map();
  for (const label of labels) {
    const id = IDS[label.protocol];
    // A header that an ICMP error quotes is no message.
    if (id === undefined || label.encap.includes("icmp")) continue;
    add(counts, [id, label.src, roleOf(label), codeOf(label)].join(" "), Number(label.count));
  }
  return counts;
}

/** What we count of what tshark would name: messages of a protocol's own connection set-up are left out. */
function ours(rows: Iterable<ConversationRow>, roles: ReadonlyMap<string, boolean>): Counts {
  const counts: Counts = new Map();
  for (const row of rows)
    for (const { protocol, role, code, count, sender, sender_address } of row.operations) {
      const told = roles.get(protocol);
      if (told === undefined || !/^(0x[0-9a-f]+|\d+|(un)?confirmed:\d+|ud:\d+\/\d+)$/.test(code)) continue;
      if (protocol === "mms" && role === "response") continue;
      add(counts, [protocol, sender_address ?? row[sender!], told ? role : "", code].join(" "), count);
    }
  return counts;
}

function add(counts: Counts, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

async function differences(): Promise<string[][]> {
  const byCapture = new Map<string, Label[]>();
  for (const label of table(LABELS) as unknown as Label[])
    byCapture.set(label.pcap, [...(byCapture.get(label.pcap) ?? []), label]);
  const found: string[][] = [];
  for (const [pcap, labels] of byCapture) {
    const roles = new Map<string, boolean>();
    for (const label of labels) {
      const id = IDS[label.protocol];
      if (id !== undefined) roles.set(id, (roles.get(id) ?? false) || roleOf(label) !== "");
    }
    const a = theirs(labels);
    const b = ours(describe(atEnd(await observeFile(`${CAPTURES}/${pcap}`, {}))).rest.rows(), roles);
    for (const key of new Set([...a.keys(), ...b.keys()]))
      if (a.get(key) !== b.get(key)) found.push([pcap, key, String(a.get(key) ?? 0), String(b.get(key) ?? 0)]);
  }
  return found;
}

const run = existsSync(LABELS) ? test : test.skip;
run(`operations agree with tshark's, or it is known why not (needs ${CAPTURES})`, async (t) => {
  t.timeout(600_000);
  const known = table(KNOWN);
  const keyOf = (row: readonly (string | undefined)[]): string => row.slice(0, 4).join("\t");
  const accepted = new Set(known.map((row) => keyOf([row.capture, row.operation, row.tshark, row.wirepact])));
  const found = (await differences()).map(keyOf);
  t.deepEqual(
    found.filter((row) => !accepted.has(row)),
    [],
    "new",
  );
  t.deepEqual(
    [...accepted].filter((row) => !found.includes(row)),
    [],
    "no longer a difference",
  );
  for (const row of known) t.not(row.reason, "", "each has its reason");
});
