/** A program's own decoder and model: a protocol that Wirepact does not know, recognised, judged, stored and read again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import * as wirepact from "../../src/index.ts";
import { writePcap } from "../support/capture-writer.ts";
import { udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";

/** A made-up telemetry protocol: `ACME`, a version, then `Q` for a report and `A` for its receipt. */
const acme: wirepact.Decoder = {
  id: "acme-telemetry",
  title: "Acme telemetry",
  specs: ["Acme TN-12"],
  ports: { udp: [7007] },
  fields: [{ field: "acme-telemetry.version", about: "of the protocol" }],
  opens: { datagram: [0x41] },
  everyMessage: false,
  looksDatagram: (buf, off, len) => len >= 6 && buf[off] === 0x41 && buf[off + 1] === 0x43,
  datagram(c, emit) {
    if (c.u32() !== 0x41434d45) return false;
    const version = c.u8() - 0x30;
    const what = c.u8();
    if (what !== 0x51 && what !== 0x41) return false;
    emit({ kind: "role", sender: what === 0x51 ? "client" : "server", why: "Acme telemetry" });
    emit({ kind: "field", field: "acme-telemetry.version", value: version });
    return true;
  },
};

const MODEL = `
wirepact: 1
model: acme-agent
document: { title: Acme agent, publisher: Acme, product: Agent, version: "1" }
roles: { agent: { about: the agent }, hub: { about: who collects } }
rules:
  - id: agent-telemetry
    from: agent
    to: hub
    over: udp/7007
    app: acme-telemetry
    requirement: required
    expect: { acme-telemetry.version: at least 2 }
    cite: { section: Ports, item: telemetry }
`;

function scene(t: ExecutionContext, version: number): { folder: string; options: wirepact.CheckOptions } {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-own-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [agent, hub] = ["10.0.0.5:40000", "10.0.0.9:7007"];
  const frames = [
    udpFrame({ from: agent, to: hub, data: ascii(`ACME${version}Q`), ms: 0 }),
    udpFrame({ from: hub, to: agent, data: ascii(`ACME${version}A`), ms: 5 }),
  ];
  writeFileSync(
    join(folder, "a.pcap"),
    writePcap(frames.map(({ buf, off, capLen, sec, nsec }) => ({ data: buf.slice(off, off + capLen), sec, nsec }))),
  );
  writeFileSync(join(folder, "acme.yaml"), MODEL);
  return {
    folder,
    options: {
      captures: [join(folder, "a.pcap")],
      models: [join(folder, "acme.yaml")],
      bind: { agent: "10.0.0.5", hub: "10.0.0.9" },
      decoders: [acme],
    },
  };
}

test("what it recognises has its name, and a rule that asks for it is met", async (t) => {
  const { options } = scene(t, 2);
  const { result, exitCode } = await wirepact.check(options);
  t.deepEqual(
    result.judged.map(({ app, verdict, rule_id }) => [app, verdict, rule_id]),
    [["acme-telemetry", "documented", "agent-telemetry"]],
  );
  t.is(result.rules.find((rule) => rule.rule_id === "agent-telemetry")?.status, "met");
  t.is(exitCode, 0);
});

test("its fields are held against what the model expects", async (t) => {
  const findings: wirepact.Finding[] = [];
  for await (const finding of wirepact.check(scene(t, 1).options)) findings.push(finding);
  t.deepEqual(
    findings.map(({ kind, verdict, rule_id }) => [kind, verdict, rule_id]),
    [
      ["conversation", "violation", "agent-telemetry"],
      ["rule", "violated", "agent-telemetry"],
    ],
  );
});

test("a database keeps what it recognised, for those who have it too", async (t) => {
  const { folder, options } = scene(t, 2);
  const database = join(folder, "runs.sqlite");
  const store = await wirepact.openStore(database);
  await wirepact.storeRun(store, await wirepact.check(options));
  await store.close();
  const again = await wirepact.check({ ...options, captures: [database] });
  t.is(again.exitCode, 0);
  t.is(again.result.judged[0]?.app, "acme-telemetry");
});

test("without it nothing is called so, and no later run knows of it", async (t) => {
  const { folder, options } = scene(t, 2);
  const observe = (decoders: readonly wirepact.Decoder[]) =>
    wirepact.observe({ captures: options.captures, decoders }).then(({ result }) => [...result.rest.rows()][0]?.app);
  t.is(await observe([acme]), "acme-telemetry");
  t.is(await observe([]), null);
  await t.throwsAsync(wirepact.readModel(join(folder, "acme.yaml")), {
    instanceOf: wirepact.ProblemsError,
    message: /unknown decoder "acme-telemetry"/,
  });
  const model = await wirepact.readModel(join(folder, "acme.yaml"), { decoders: [acme] });
  const { exitCode } = await wirepact.check({ ...options, models: [model] });
  t.is(exitCode, 0, "a model that was read before");
});

test("ids that are taken or could not be written are refused before anything is read", async (t) => {
  const { options } = scene(t, 2);
  const refused = (...ids: string[]) =>
    t.throwsAsync(wirepact.check({ ...options, decoders: ids.map((id) => ({ ...acme, id })) }), {
      instanceOf: wirepact.UsageError,
    });
  t.regex((await refused("dns"))!.message, /two are called "dns"/);
  t.regex((await refused("acme", "acme"))!.message, /two are called "acme"/);
  t.regex((await refused("Acme telemetry"))!.message, /expected lower-case letters/);
  t.regex((await refused(...Array.from({ length: 129 }, (_, i) => `a${i}`)))!.message, /128 at most/);
});
