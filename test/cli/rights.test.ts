/** Reading a file needs its own files and nothing else: no network, no other program, no right beyond them. Held by Node and by the system. */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { scratch } from "./command.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const BUILD = resolve(dirname(MAIN), "..");
const CAPTURE = "fixtures/cases/good-us/good-us.pcap";
const JUDGED = ["--model", "opswat-sdp", "--bind", "gateway=10.20.0.5", "--format", "json"];

/** Status and output of `check` on a copy of the capture in a folder of its own, by a command line that ends in Node's arguments. */
function check(t: ExecutionContext, before: (folder: string) => readonly string[]) {
  const folder = realpathSync(scratch(t));
  cpSync(CAPTURE, join(folder, "a.pcap"));
  const [command = "", ...words] = before(folder);
  const args = [...words, MAIN, "check", join(folder, "a.pcap"), ...JUDGED, "--db", join(folder, "a.sqlite")];
  return { ...spawnSync(command, args, { encoding: "utf8", cwd: folder }), folder };
}

/** Conversations and their verdicts. */
const verdicts = (json: string): unknown =>
  (JSON.parse(json) as { conversations: { conversation_id: string; verdict: string }[] }).conversations.map(
    ({ conversation_id, verdict }) => [conversation_id, verdict],
  );

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
/** The permission model lost its `experimental` in 22.13 and 23.5. */
const FLAG = major > 22 || (major === 22 && minor >= 13) ? "--permission" : "--experimental-permission";

/** Where it is, and where a link in its place leads. */
const NODE_MODULES = [realpathSync("node_modules"), resolve("node_modules")];

test("under Node's permission model, with its own files, the capture and the database alone", (t) => {
  const free = check(t, () => [process.execPath]);
  const bound = check(t, (folder) =>
    [
      process.execPath,
      FLAG,
      // Where Node has no SQLite of its own, that comes as an addon; no other right is given, and above all no child process.
      ...(FLAG === "--permission" ? [] : ["--allow-addons"]),
      // Each once: Node 20 ends on a path that is given twice.
      ...[...new Set([BUILD, ...NODE_MODULES, resolve("package.json"), folder])].map(
        (path) => `--allow-fs-read=${path}`,
      ),
      `--allow-fs-write=${folder}`,
    ].flat(),
  );
  t.is(bound.status, free.status, bound.stderr);
  t.notRegex(bound.stderr, /ERR_ACCESS_DENIED|internal error/);
  t.deepEqual(verdicts(bound.stdout), verdicts(free.stdout));
});

const can = (command: string, ...words: string[]): boolean => spawnSync(command, words).status === 0;
type Title = (title: string, says: (t: ExecutionContext) => void) => void;
const skip =
  (why: string): Title =>
  (title, _says) =>
    test.skip(`${title} [${why}]`, () => {});

const traceTest: Title = can("strace", "-f", "true") ? test : skip("strace is not here, or may not trace");
traceTest("no socket is made, and no other program is started", (t) => {
  const traced = check(t, (folder) => [
    ...["strace", "-f", "-qq", "-o", join(folder, "trace"), "-e", "trace=socket,connect,bind,sendto,execve,execveat"],
    process.execPath,
  ]);
  const calls = readFileSync(join(traced.folder, "trace"), "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const [first = "", ...others] = calls;
  t.regex(first, /execve\(.*= 0/);
  t.deepEqual(others, []);
});

const aloneTest: Title = can("unshare", "-rn", "true") ? test : skip("no namespace can be made here");
aloneTest("in a namespace without a network it says the same", (t) => {
  const free = check(t, () => [process.execPath]);
  const alone = check(t, () => ["unshare", "-rn", process.execPath]);
  t.is(alone.status, free.status, alone.stderr);
  t.deepEqual(verdicts(alone.stdout), verdicts(free.stdout));
});
