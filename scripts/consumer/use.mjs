// The same in plain JavaScript, see use.ts.
import { check, observe, readModel, UsageError } from "wirepact";

const [capture] = process.argv.slice(2);
const acme = {
  id: "acme",
  title: "A protocol of the program's own",
  specs: [],
  ports: { udp: [3478] },
  fields: [],
  everyMessage: false,
  looksDatagram: (buf, off, len) => len >= 2 && buf[off] === 0 && buf[off + 1] === 1,
  datagram: () => true,
};
const options = {
  captures: [capture],
  models: [await readModel("opswat-sdp")],
  bind: { gateway: "10.20.0.5", client: "10.30.0.0/16" },
  set: { region: "us", platform: "aws" },
};
const titles = [];
const run = check(options);
for await (const { kind, verdict, row } of run)
  titles.push(
    kind === "rule" ? `${row.status} ${row.rule_id}` : `${verdict} ${kind === "lookup" ? row.name : row.responder}`,
  );
const { exitCode, result } = await run;
const own = await observe({ captures: [capture], decoders: [acme] });
const stopped = await check({ ...options, signal: AbortSignal.abort() });
const refused = await check({ ...options, models: ["no-such"] }).catch((error) => error);
console.log(
  JSON.stringify({
    titles,
    exitCode,
    rules: result.rules.length,
    own: [...own.result.rest.rows()].some(({ app }) => app === "acme"),
    stopped: stopped.result.run.status,
    refused: refused instanceof UsageError,
  }),
);
