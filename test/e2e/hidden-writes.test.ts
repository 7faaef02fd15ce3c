/**
 * A profiling session with one hidden write among ten thousand reads, from a capture file to the exit code, as the person who
 * has to vouch for a profiler would run it: found, named with its target and frame, exit code 1.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Ran, scratch, wirepact } from "../cli/command.ts";
import { writePcap } from "../support/capture-writer.ts";
import { DEVICE_MAC, HOST_MAC, READS, sessionFrames } from "../support/device-sessions.ts";
import { ALL_SESSIONS, type Variant } from "../support/device-variants.ts";

const macOf = (bytes: Uint8Array): string =>
  `mac:${Buffer.from(bytes)
    .toString("hex")
    .replace(/..(?=.)/g, "$&:")}`;

/** One role asks another, and may read. */
const modelOf = (app: string, over: string): string =>
  JSON.stringify({
    ...{ wirepact: 1, model: "profiler", document: { title: "What the sensor asks" } },
    roles: { sensor: null, device: null },
    rules: [
      {
        ...{ id: "profile", from: "sensor", to: "device", over, app, requirement: "required" },
        ...{ cite: { section: "1" }, expect: { operations: "at most read" } },
      },
    ],
  });

async function run(folder: string, session: Variant): Promise<Ran> {
  const { app, over, v6 = false } = session;
  const [host, device] = v6 ? ["2001:db8::5", "2001:db8::10"] : ["10.0.0.5", "10.0.0.10"];
  const capture = join(folder, "session.pcap");
  const model = join(folder, "model.yaml");
  writeFileSync(
    capture,
    writePcap(sessionFrames(session, host, device).map(({ buf, sec, nsec }) => ({ data: buf, sec, nsec }))),
  );
  writeFileSync(model, modelOf(app, over));
  const ether = over === "eth";
  const bind = [`sensor=${ether ? macOf(HOST_MAC) : host}`, `device=${ether ? macOf(DEVICE_MAC) : device}`];
  const args = ["check", capture, "--model", model, "--bind", bind[0]!, "--bind", bind[1]!];
  return wirepact([...args, "--db", join(folder, "session.sqlite")], { cwd: folder, env: { COLUMNS: "2000" } });
}

for (const [name, session] of Object.entries(ALL_SESSIONS)) {
  test.serial(`${name}: one write among ${READS} reads ends the run with 1 and is named`, async (t) => {
    const folder = scratch(t);
    const hidden = await run(folder, session);
    t.is(hidden.code, 1, hidden.stdout + hidden.stderr);
    const said = hidden.stdout.replace(/\s+/g, " ");
    t.regex(said, session.found);
    t.regex(said, /first in frame \d+/);
  });
}

test.serial("without the write the run ends with 0", async (t) => {
  const { modbus } = ALL_SESSIONS;
  const { code, stdout } = await run(scratch(t), { ...modbus!, ask: (i) => modbus!.ask(i, false) });
  t.is(code, 0, stdout);
});
