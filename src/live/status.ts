/** What people see of a live run while it runs: a status line on a terminal, findings and notices above it. */
import type { ProgressOutput } from "../progress.ts";
import { safe } from "../report/safe.ts";
import { duration, expected, number, plural, responder, service } from "../report/words.ts";
import type { Finding } from "./findings.ts";
import type { LiveStatus } from "./run.ts";

/** `  1 h 2 min  98,120 packets/s (365,006,400)  0 lost  12,404 conversations  3 findings` */
export function statusLine(status: LiveStatus, conversations: number, findings: number): string {
  const { seconds, packets, packetsPerSecond, dropped, droppedByInterface } = status;
  const lost = dropped === null ? "losses unknown" : `${number(dropped + droppedByInterface)} lost`;
  return `  ${[
    duration(Math.max(1, seconds)),
    `${number(packetsPerSecond)} packets/s (${number(packets)})`,
    lost,
    plural(conversations, "conversation"),
    plural(findings, "finding"),
  ].join("  ")}`;
}

/** One line; the report at the end has the whole of it. */
export function findingLine(finding: Finding, arrow: string): string {
  switch (finding.kind) {
    case "undocumented":
    case "violation":
    case "inconclusive": {
      const { row } = finding;
      const what = `${row.initiator} ${arrow} ${responder(row)} ${service(row)}, ${row.outcome}`;
      return `${finding.kind}  ${row.conversation_id.slice(0, 8)}  ${what}${row.reason === null ? "" : `: ${row.reason}`}`;
    }
    case "lookup":
      return `undocumented look-up  ${finding.row.client} asked for ${finding.row.name} (${finding.row.type}): ${finding.row.result}`;
    case "rule": {
      const { row } = finding;
      return `rule ${row.status}  ${row.model}/${row.rule_id}  ${expected(row, arrow)}: ${row.reason}`;
    }
    default:
      return finding satisfies never;
  }
}

/** Lines above, the status below, redrawn; without a terminal lines alone. */
export class LiveScreen {
  readonly #output: ProgressOutput;
  #drawn = false;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  line(text: string): void {
    this.clear();
    this.#output.write(`${safe(text)}\n`);
  }

  status(text: string): void {
    if (this.#output.isTTY !== true) return;
    this.#output.write(`\r${safe(text).slice(0, Math.max(1, (this.#output.columns || 80) - 1))}\x1b[K`);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn) this.#output.write("\r\x1b[K");
    this.#drawn = false;
  }
}
