/**
 * A profiling session with one hidden write among ten thousand reads, from a capture file to the exit code, as the person who
 * has to vouch for a profiler would run it: found, named with its target and frame, exit code 1.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Ran, scratch, wirepact } from "../cli/command.ts";
import { writePcap } from "../support/capture-writer.ts";
import { DEVICE_MAC, HOST_MAC, READS, SESSIONS, type Session, sessionFrames } from "../support/device-sessions.ts";

const [HOST, DEVICE] = ["10.0.0.5", "10.0.0.10"];
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

async function run(folder: string, app: string, session: Session): Promise<Ran> {
  const capture = join(folder, "session.pcap");
  const model = join(folder, "model.yaml");
  writeFileSync(
    capture,
    writePcap(sessionFrames(session, HOST, DEVICE).map(({ buf, sec, nsec }) => ({ data: buf, sec, nsec }))),
  );
  writeFileSync(model, modelOf(app, session.over));
  const ether = session.over === "eth";
  const bind = [`sensor=${ether ? macOf(HOST_MAC) : HOST}`, `device=${ether ? macOf(DEVICE_MAC) : DEVICE}`];
  const args = ["check", capture, "--model", model, "--bind", bind[0]!, "--bind", bind[1]!];
  return wirepact([...args, "--db", join(folder, "session.sqlite")], { cwd: folder, env: { COLUMNS: "2000" } });
}

for (const [app, session] of Object.entries(SESSIONS)) {
  test.serial(`${app}: one write among ${READS} reads ends the run with 1 and is named`, async (t) => {
    const folder = scratch(t);
    const hidden = await run(folder, app, session);
    t.is(hidden.code, 1, hidden.stdout + hidden.stderr);
    const said = hidden.stdout.replace(/\s+/g, " ");
    t.regex(said, session.found);
    t.regex(said, /first in frame \d+/);
  });
}

test.serial("without the write the run ends with 0", async (t) => {
  const { modbus } = SESSIONS;
  const { code, stdout } = await run(scratch(t), "modbus", { ...modbus!, ask: (i) => modbus!.ask(i, false) });
  t.is(code, 0, stdout);
});
