/**
 * Connections of which one segment is missing, of protocols that are read on behind it. Where messages may have stood there,
 * nothing that is expected of all of them is documented; where only the rest of one did, as its length says, it is.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { numbered } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { connection, type Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const FAR = "203.0.113.10";
const HANDSHAKE = 3;

async function verdictOf(over: string, app: string, expect: Record<string, string>, frames: readonly Frame[]) {
  const rules = [{ id: "r", to: "far", over, app, expect }];
  const trial = await trialOf({ rules, endpoints: { far: { addresses: [FAR] } }, frames: numbered(frames) });
  const row = judgeFrames(trial, trial.frames).result.judged.find(({ responder }) => responder === FAR);
  return `${row?.verdict} ${row?.reason_code}`;
}

const HOLED = /^inconclusive /;
const [FIELD, VALUE] = [0, 1];

/** By fixture: the port, a field that it has, and which of its segments are the rest of a message and no more. */
const ROWS: Readonly<
  Record<string, readonly [port: number, field: readonly [string, string], rests?: readonly number[]]>
> = {
  "amqp/version1": [5672, ["amqp.host", "127.0.0.1"]],
  "dcerpc/stream": [135, ["dcerpc.service", "srvsvc"], [4]],
  "enip/nmap": [44818, ["enip.product-code", "150"]],
  "icap/request": [1344, ["icap.service", "/echo"], [1, 4]],
  "ldap/search": [389, ["ldap.auth", "anonymous"], [4]],
  "modbus/read": [502, ["modbus.framing", "tcp"]],
  "mqtt/publish": [1883, ["mqtt.version", "5"]],
  "opcua/values": [4840, ["opcua.policy", "None"]],
  "smtp/mail": [25, ["smtp.starttls", "offered"]],
  "tacacs/login": [49, ["tacacs.protected", "yes"]],
};

for (const [name, [port, field, rests = []]] of Object.entries(ROWS))
  test(`${name}, each message in three segments, without one of them`, async (t) => {
    const [app, file] = name.split("/") as [string, string];
    const messages = fixturesOf(app).filter((one) => one.file.endsWith(`/${file}.md`) && one.at.transport === "tcp");
    const lines = messages.flatMap(({ at, bytes }): Line[] => {
      const third = Math.ceil(bytes.length / 3);
      return [0, 1, 2].map((i) => [at.receiverPort === port ? ">" : "<", bytes.slice(i * third, (i + 1) * third)]);
    });
    const frames = connection(`${HOST}:40000`, `${FAR}:${port}`, 10, [...lines, [">", "FA"], ["<", "FA"]]);
    const expect = { [field[FIELD]!]: field[VALUE]! };
    t.is(await verdictOf(`tcp/${port}`, app, expect, frames), "documented rule-proved");
    for (const i of lines.keys()) {
      const said = await verdictOf(`tcp/${port}`, app, expect, frames.toSpliced(HANDSHAKE + i, 1));
      t.regex(said, rests.includes(i) ? /^documented / : HOLED, `segment ${i}`);
    }
  });

test("packets at most so many, and one more that is not in the capture", async (t) => {
  const line: Line = [">", ascii("PING 1\r\n")];
  const frames = connection(`${HOST}:40000`, `${FAR}:9000`, 10, [line, line, line]);
  const expect = { packets: "at most 5 a burst" };
  t.is(await verdictOf("tcp/9000", "any", expect, frames), "documented rule-proved");
  t.regex(await verdictOf("tcp/9000", "any", expect, frames.toSpliced(HANDSHAKE + 1, 1)), HOLED);
});

test("answers that all refuse, and one that is not in the capture", async (t) => {
  const refused = ascii("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  const served = ascii("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup");
  const request = ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  const lines = [refused, served, refused, refused].flatMap((answer): Line[] => [
    [">", request],
    ["<", answer],
  ]);
  const frames = connection(`${HOST}:40000`, `${FAR}:80`, 10, lines);
  frames.at(-1)!.sec += 20; // by then what is missing is given up
  const said = (all: readonly Frame[]) => verdictOf("tcp/80", "http", {}, all);
  t.is(await said(frames), "documented rule-proved");
  t.is(await said(frames.toSpliced(HANDSHAKE + 3, 1)), "documented rule-proved");
});
