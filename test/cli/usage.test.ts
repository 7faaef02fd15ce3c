import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { VERSION } from "../../src/version.ts";
import { scratch, wirepact } from "./command.ts";

const MODEL = `wirepact: 1
model: tiny
document: { title: Tiny }
roles:
  client: { about: who asks }
endpoints:
  api: { hosts: [api.example.com] }
rules:
  - id: api
    from: client
    to: api
    over: tcp/443
    app: tls
    requirement: required
    cite: { section: All }
`;

test("the version is package.json's", async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  t.is(VERSION, version);
  t.deepEqual(await wirepact(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("help is no error; a command is needed", async (t) => {
  const help = await wirepact(["--help"]);
  t.is(help.code, 0);
  for (const word of ["check", "observe", "report", "explain", "models", "decoders", "Exit codes"])
    t.true(help.stdout.includes(word), word);
  for (const command of ["check", "observe", "report", "explain", "models", "decoders"])
    t.is((await wirepact([command, "--help"])).code, 0);
  t.is((await wirepact([])).code, 2);
});

/** Arguments, and what the message has to say; all are wrong usage. `FOLDER` is the test's own, with the files below. */
const WRONG: [string, string[], RegExp][] = [
  ["an unknown command", ["chek"], /unknown command 'chek'[\s\S]*Did you mean check/],
  ["an unknown option", ["check", "a.pcap", "--modle", "x"], /unknown option '--modle'[\s\S]*Did you mean --model/],
  ["an option without its value", ["check", "a.pcap", "--model"], /--model .*argument missing/],
  ["an unknown format", ["observe", "a.pcap", "--format", "xml"], /'xml' is invalid\. Allowed choices are text, json/],
  [
    "an unknown scope",
    ["check", "a.pcap", "--model", "tiny.yaml", "--scope", "some"],
    /Allowed choices are judged, all/,
  ],
  ["no capture", ["check", "--model", "tiny.yaml"], /no capture given; name a capture file, or -/],
  ["standard input twice", ["observe", "-", "-"], /given twice/],
  ["no model", ["check", "a.pcap"], /no model given; say --model NAME\|FILE/],
  [
    "an unknown model",
    ["check", "a.pcap", "--model", "opswat-spd"],
    /unknown model "opswat-spd", did you mean "opswat-sdp"\?/,
  ],
  [
    "a model file that is not there",
    ["check", "a.pcap", "--model", "./none.yaml"],
    /\.\/none\.yaml: the model cannot be read: no such file/,
  ],
  ["a model that is a folder", ["check", "a.pcap", "--model", "./folder"], /the model cannot be read: it is a folder/],
  ["a model with an error", ["check", "a.pcap", "--model", "bad.yaml"], /bad\.yaml:\d+:\d+: error: /],
  ["a site that is not there", ["check", "a.pcap", "--site", "none.yaml"], /none\.yaml: the site cannot be read/],
  [
    "a role that does not exist",
    ["check", "a.pcap", "--model", "tiny.yaml", "--bind", "clinet=10.0.0.1"],
    /--bind: error: .*"clinet", did you mean "client"/,
  ],
  [
    "a bad address",
    ["check", "a.pcap", "--model", "tiny.yaml", "--bind", "client=10.0.0.300"],
    /--bind: error: .*10\.0\.0\.300/,
  ],
  ["a binding without =", ["check", "a.pcap", "--model", "tiny.yaml", "--bind", "client"], /expected ROLE=VALUE/],
  ["an unknown parameter", ["check", "a.pcap", "--model", "opswat-sdp", "--set", "regoin=us"], /did you mean "region"/],
  ["an unknown value", ["check", "a.pcap", "--model", "opswat-sdp", "--set", "region=ue"], /--set: error: .*us/],
  [
    "a bad duration",
    ["check", "a.pcap", "--model", "tiny.yaml", "--min-span", "5"],
    /--min-span 5: expected a duration such as 5m/,
  ],
  [
    "a bad date",
    ["check", "a.pcap", "--model", "tiny.yaml", "--as-of", "2026-02-30"],
    /--as-of 2026-02-30: expected a day/,
  ],
  ["a realm without a capture", ["observe", "a.pcap", "--realm", "plant"], /write NAME=CAPTURE/],
  ["results over a capture", ["observe", "a.pcap", "--out", "folder/../a.pcap"], /--out .*name another one/],
  ["a database over a capture", ["observe", "link.pcap", "--db", "a.pcap"], /--db .*name another one/],
  [
    "a database that is another file",
    ["observe", "a.pcap", "--db", "tiny.yaml"],
    /--db tiny.yaml: it is another kind of file/,
  ],
  ["a report into a folder", ["observe", "a.pcap", "--out", "folder"], /--out folder: it is a folder/],
  ["a report into a folder that is not there", ["observe", "a.pcap", "--out", "none/r.txt"], /no such file or folder/],
  ["a report of nothing", ["report", "none.sqlite"], /no such database/],
  ["a report of a capture", ["report", "a.pcap"], /not a Wirepact database/],
  ["an explanation without an id", ["explain", "some.sqlite"], /missing required argument 'id'/],
  [
    "lint of two models against one document",
    ["models", "lint", "tiny.yaml", "opswat-sdp", "--document", "d.txt"],
    /one document goes with one model/,
  ],
];

for (const [title, args, message] of WRONG) {
  test(`wrong usage: ${title}`, async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, "a.pcap"), "not read");
    writeFileSync(join(cwd, "tiny.yaml"), MODEL);
    writeFileSync(join(cwd, "bad.yaml"), MODEL.replace("over: tcp/443", "over: tcp/443443"));
    writeFileSync(join(cwd, "some.sqlite"), "SQLite format 3\0 and more of it");
    symlinkSync("a.pcap", join(cwd, "link.pcap"));
    mkdirSync(join(cwd, "folder"));
    const ran = await wirepact(args, { cwd });
    t.is(ran.code, 2, ran.stderr);
    t.regex(ran.stderr, message);
    t.is(ran.stdout, "");
    t.notRegex(ran.stderr, /^\s+at /m, "no stack trace");
    t.is(readFileSync(join(cwd, "a.pcap"), "utf8"), "not read");
    t.false(existsSync(join(cwd, "wirepact.sqlite")), "nothing is left behind");
  });
}

test("all that is wrong with a model and with bindings is said at once", async (t) => {
  const cwd = scratch(t);
  writeFileSync(
    join(cwd, "bad.yaml"),
    MODEL.replace("over: tcp/443", "over: tcp/443443").replace("from: client", "from: clinet"),
  );
  const model = await wirepact(["check", "a.pcap", "--model", "bad.yaml"], { cwd });
  t.is(model.stderr.match(/: error: /g)?.length, 2, model.stderr);
  writeFileSync(join(cwd, "tiny.yaml"), MODEL);
  const binds = await wirepact(
    ["check", "a.pcap", "--model", "tiny.yaml", "--bind", "x=10.0.0.1", "--bind", "client=nonsense/99"],
    { cwd },
  );
  t.is(binds.stderr.match(/: error: /g)?.length, 2, binds.stderr);
});

test("hostile words on the command line do not reach the terminal as they are", async (t) => {
  const ran = await wirepact(["report", "\x1b[2Jx.sqlite"]);
  t.is(ran.code, 2);
  t.false(ran.stderr.includes("\x1b"));
});

test("models and decoders are listed", async (t) => {
  const list = await wirepact(["models"]);
  t.is(list.code, 0);
  t.regex(list.stdout, /opswat-sdp/);
  const show = await wirepact(["models", "show", "opswat-sdp", "--format", "json"]);
  t.is((JSON.parse(show.stdout) as { model: string }).model, "opswat-sdp");
  const schema = await wirepact(["models", "schema"]);
  t.is(typeof JSON.parse(schema.stdout), "object");
  const decoders = JSON.parse((await wirepact(["decoders", "--format", "json"])).stdout) as { id: string }[];
  t.true(decoders.some((each) => each.id === "dns"));
});

test("lint says what is wrong and exits 1", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "bad.yaml"), MODEL.replace("over: tcp/443", "over: tcp/443443"));
  const bad = await wirepact(["models", "lint", "bad.yaml"], { cwd });
  t.is(bad.code, 1);
  t.regex(bad.stdout, /bad\.yaml:\d+:\d+: error: [\s\S]*1 error/);
  writeFileSync(join(cwd, "tiny.yaml"), MODEL);
  t.is((await wirepact(["models", "lint", "tiny.yaml"], { cwd })).code, 0);
});
