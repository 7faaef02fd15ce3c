/**
 * What a live run keeps in memory while a judged host asks for ever new names that do not exist: so many names in all, so many a
 * second of the packets' time, which goes on as fast as checkpoints are written. No interface, no rights.
 *
 *     node dist/bench/names.js [NAMES [A_SECOND [SECONDS_A_CHECKPOINT [POOL]]]]
 *
 * With POOL it asks for one name that its document has instead, and is given two of so many addresses each time.
 *
 * Prints a line for each tenth; exits with 1 where a name is not in the database at the end.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectEarly } from "../src/memory.ts";
import { openStore } from "../src/store/open.ts";
import { MadeUp, senderJudged } from "./made-up.ts";
import { MemoryWatch, runMadeUp } from "./made-up-run.ts";

const [names = 1_000_000, perSecond = 100, apartSec = 60, pool = 0] = process.argv.slice(2).map(Number);

const PACKETS_EACH = 2;
const end = names * PACKETS_EACH;
const RESOLVER = 0x0a4d_0035;
const PORT = 53;
const FIRST_PORT = 20_000;
const PORTS = 40_000;
/** RFC 1035, section 4: flags of a question that wants recursion, and of an answer that there is no such name. */
const [ASKS, NO_SUCH_NAME] = [0x0100, 0x8183];
const GIVES_ADDRESSES = 0x8180;
const [TYPE_A, CLASS_IN] = [1, 1];
const DIGITS = 8;
const DOCUMENTED = "api-us.sdp.opswat.com";
const NAME_POINTER = 0xc00c;
const TTL_SEC = 60;
/** Addresses for documentation and benchmarks (RFC 2544) follow on this one. */
const FIRST_ADDRESS = 0xc612_0000;

const began = Math.floor(Date.now() / 1000) * 1000;
const text = new TextEncoder();
/** `x00000007.test`: a name of its own for each; or the documented one. */
function message(number: number): Uint8Array {
  const place = Math.floor(number / PACKETS_EACH);
  const name = pool > 0 ? DOCUMENTED : `x${`${place}`.padStart(DIGITS, "0")}.test`;
  const asks = number % PACKETS_EACH === 0;
  const given = asks || pool === 0 ? [] : [place % pool, Math.floor(place / pool) % pool];
  const labels = [...name.split(".").flatMap((label) => [label.length, ...text.encode(label)]), 0];
  const bytes = new Uint8Array(12 + labels.length + 4 + given.length * 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, place & 0xffff);
  view.setUint16(2, asks ? ASKS : pool > 0 ? GIVES_ADDRESSES : NO_SUCH_NAME);
  view.setUint16(4, 1);
  view.setUint16(6, given.length);
  bytes.set(labels, 12);
  let at = 12 + labels.length;
  view.setUint16(at, TYPE_A);
  view.setUint16(at + 2, CLASS_IN);
  at += 4;
  for (const address of given) {
    for (const [word, value] of [NAME_POINTER, TYPE_A, CLASS_IN, 0, TTL_SEC, 4].entries())
      view.setUint16(at + word * 2, value);
    view.setUint32(at + 12, FIRST_ADDRESS + address);
    at += 16;
  }
  return bytes;
}

const source = new MadeUp(
  {
    far: () => RESOLVER,
    port: (number) => FIRST_PORT + (Math.floor(number / PACKETS_EACH) % PORTS),
    timeMs: (number) => began + (number / PACKETS_EACH / perSecond) * 1000,
    farPort: PORT,
    answers: (number) => number % PACKETS_EACH === 1,
    payload: message,
  },
  apartSec * perSecond * PACKETS_EACH,
);

collectEarly();
const folder = mkdtempSync(join(tmpdir(), "wirepact-names-"));
const path = join(folder, "names.sqlite");
const store = await openStore(path);
const memory = new MemoryWatch();
let tenths = 0;
const { result, seen, moves, keeper } = await runMadeUp(store, {
  ...{ source, end, step: apartSec * perSecond * PACKETS_EACH, judging: await senderJudged(), attic: true },
  checkpointMs: 100,
  due: (result, seen) => {
    if (source.due < (tenths + 1) * (end / 10)) return;
    tenths = Math.floor((source.due * 10) / end);
    const now = memory.now();
    const left = result.departed?.lookups?.count ?? 0;
    process.stdout.write(
      `${source.due / PACKETS_EACH} names: ${seen.identified.details.length} flows with facts in memory, ` +
        `${left} look-ups in the database alone; ${now} MB, ${memory.most} MB at most\n`,
    );
  },
});
await keeper.checkpoint(result, seen, moves);
memory.end();
await store.close();
const { count = 0, undocumented = 0 } = result.departed?.lookups ?? {};
const packets = result.judged.concat([...result.rest.rows()]).reduce((sum, row) => sum + row.packets, 0);
const told = result.lookups.reduce((sum, lookup) => sum + lookup.count, 0);
const well = told + count === names && packets === end;
process.stdout.write(
  `${names} names: ${told} in ${result.lookups.length} rows in memory, ${count} in the database alone, of them ${undocumented} undocumented; ` +
    `${packets} packets of ${end}: ${well ? "all" : "NOT ALL"}\n` +
    `${memory.most} MB at most; database ${Math.round(statSync(path).size / 1e6)} MB\n`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = well ? 0 : 1;
