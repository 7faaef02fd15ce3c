/**
 * What floods cost in memory, and whether the verdicts say what was not seen. See bench/README.md.
 *
 *     node dist/bench/floods.js [KIND MILLIONS]...        flows 10 syn 20 names 2, unless given
 */
import { mkdirSync } from "node:fs";
import { FLOODS, flood } from "./flood.ts";

const FOLDER = "bench/data";
const USUAL = ["flows", "10", "syn", "20", "names", "2"];

mkdirSync(FOLDER, { recursive: true });
const words = process.argv.length > 2 ? process.argv.slice(2) : USUAL;
for (let i = 0; i + 1 < words.length; i += 2) {
  const kind = FLOODS.find((name) => name === words[i]);
  const millions = Number(words[i + 1]);
  if (kind === undefined || !(millions > 0)) throw new Error(`a kind (${FLOODS.join(", ")}) and millions`);
  const { seconds, peakMB, caps, flows, conversations, missing, exitCode } = await flood(
    kind,
    Math.round(millions * 1e6),
    `${FOLDER}/flood.sqlite`,
  );
  const hit = Object.entries(caps).map(([name, times]) => `${name} ${times.toLocaleString("en")}`);
  console.log(
    `${kind}, ${millions} M: ${seconds.toFixed(1)} s, ${peakMB.toFixed(0)} MB, exit ${exitCode}; ` +
      `${flows.toLocaleString("en")} flows in ${conversations.toLocaleString("en")} conversations, ` +
      `${missing} rules missing; ${hit.join(", ") || "no cap hit"}`,
  );
}
