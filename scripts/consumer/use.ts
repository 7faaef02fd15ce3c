// What a program in TypeScript does with the package: compiled strictly and run by `check-package.mjs`, never from here.
import { type CheckOptions, check, type Decoder, type Finding, observe, readModel, UsageError } from "wirepact";

const [capture = ""] = process.argv.slice(2);
const acme: Decoder = {
  id: "acme",
  title: "A protocol of the program's own",
  specs: [],
  ports: { udp: [3478] },
  fields: [],
  everyMessage: false,
  looksDatagram: (buf, off, len) => len >= 2 && buf[off] === 0 && buf[off + 1] === 1,
  datagram: () => true,
};
const options: CheckOptions = {
  captures: [capture],
  models: [await readModel("opswat-sdp")],
  bind: { gateway: "10.20.0.5", client: "10.30.0.0/16" },
  set: { region: "us", platform: "aws" },
};
const titles: string[] = [];
const run = check(options);
for await (const finding of run) titles.push(titleOf(finding));
const { exitCode, result } = await run;
const own = await observe({ captures: [capture], decoders: [acme] });
const apps = new Set([...own.result.rest.rows()].map(({ app }) => app));
const stopped = await check({ ...options, signal: AbortSignal.abort() });
const refused: unknown = await check({ ...options, models: ["no-such"] }).catch((error: unknown) => error);
console.log(
  JSON.stringify({
    titles,
    exitCode,
    rules: result.rules.length,
    own: apps.has("acme"),
    stopped: stopped.result.run.status,
    refused: refused instanceof UsageError,
  }),
);

function titleOf(finding: Finding): string {
  switch (finding.kind) {
    case "conversation":
      return `${finding.verdict} ${finding.row.responder}`;
    case "rule":
      return `${finding.row.status} ${finding.row.rule_id}`;
    case "lookup":
      return `${finding.verdict} ${finding.row.name}`;
  }
}
