import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "ava";
import { EXAMPLES } from "../../src/cli/program/examples.ts";
import { scratch, wirepact } from "./command.ts";

const STORY = resolve("fixtures/suites/upgrade");
const CAPTURE = join(STORY, "4.2/agent.pcap");

test("options of a project stand in the nearest wirepact.yaml above; what is typed goes first", async (t) => {
  const folder = scratch(t);
  const cwd = join(folder, "a/b");
  mkdirSync(cwd, { recursive: true });
  for (const file of ["model.yaml", "4.2/site.yaml"]) {
    mkdirSync(join(folder, "4.2"), { recursive: true });
    copyFileSync(join(STORY, file), join(folder, file));
  }
  writeFileSync(join(folder, "wirepact.yaml"), "site: 4.2/site.yaml\n");
  const found = await wirepact(["check", CAPTURE], { cwd });
  t.is(found.code, 1, found.stderr);
  t.regex(found.stdout, /telemetry\.example\.com/);
  const typed = await wirepact(["check", CAPTURE, "--site", "none.yaml"], { cwd });
  t.is(typed.code, 2);
  t.regex(typed.stderr, /none\.yaml/);
});

test("what is wrong in it is said with its line, and the nearest word", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "wirepact.yaml"), "strict: true\nsit: x\n");
  const { code, stderr } = await wirepact(["check", CAPTURE], { cwd });
  t.is(code, 2);
  t.regex(stderr, /wirepact\.yaml:2:1: error: .*did you mean "site"/);
});

test("bash completes commands, options and choices with the script", async (t) => {
  const { code, stdout } = await wirepact(["completion", "bash"]);
  t.is(code, 0);
  const complete = (words: string[]): string => {
    const typed = `COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _wirepact; echo "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", `${stdout}\n${typed}`], { encoding: "utf8" }).stdout.trim();
  };
  t.is(complete(["wirepact", "su"]), "suite");
  t.is(complete(["wirepact", "suite", "--format", "j"]), "json junit");
  t.is(complete(["wirepact", "check", "--as"]), "--as-of");
  for (const shell of ["zsh", "fish"]) t.regex((await wirepact(["completion", shell])).stdout, /suite/);
  t.is((await wirepact(["completion", "tcsh"])).code, 2);
});

test("a database that is half written is an input that cannot be read", async (t) => {
  const cwd = scratch(t);
  await wirepact(["observe", CAPTURE, "--db", "runs.sqlite"], { cwd });
  truncateSync(join(cwd, "runs.sqlite"), 6000);
  for (const args of [
    ["report", "runs.sqlite"],
    ["diff", "runs.sqlite", "runs.sqlite"],
    ["observe", "runs.sqlite", "--db", "b.sqlite"],
  ]) {
    const { code, stderr } = await wirepact(args, { cwd });
    t.is(code, 3, args[0]);
    t.regex(stderr, /runs\.sqlite is damaged/);
  }
});

test("--quiet leaves errors and the report", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "wirepact.sqlite"), "none of ours");
  const loud = await wirepact(["observe", CAPTURE], { cwd });
  const quiet = await wirepact(["--quiet", "observe", CAPTURE], { cwd });
  t.regex(loud.stderr, /warning: nothing is stored/);
  t.is(quiet.stderr, "");
  t.is(quiet.stdout, loud.stdout);
  t.regex((await wirepact(["-q", "check", CAPTURE, "--model", "nothing"], { cwd })).stderr, /unknown model/);
});

test("--verbose says what is loaded, read and stored, and never on standard output", async (t) => {
  const cwd = scratch(t);
  const args = ["check", CAPTURE, "--site", join(STORY, "4.2/site.yaml"), "--db", "a.sqlite"];
  const plain = await wirepact(args, { cwd });
  t.is(plain.stderr, "");
  const told = await wirepact([...args, "--db", "b.sqlite", "--verbose"], { cwd });
  t.is(told.stdout.replaceAll("b.sqlite", "a.sqlite").split("IN FORCE")[0], plain.stdout.split("IN FORCE")[0]);
  for (const said of [
    /model example-backup-agent: 4 rules, from /,
    /site .*4\.2\/site\.yaml/,
    /agent\.pcap: pcap, 163 packets, /,
    /read and judged in .*: \d+ conversations?, \d+ of them held against 4 rules/,
    /stored in b\.sqlite as run 1 in /,
    /exit code 1; at most /,
  ])
    t.regex(told.stderr, said);
  writeFileSync(join(cwd, "wirepact.yaml"), `site: ${join(STORY, "4.2/site.yaml")}\n`);
  t.regex(
    (await wirepact(["-v", "check", CAPTURE], { cwd })).stderr,
    /options that were not typed: from .*wirepact\.yaml/,
  );
});

test("every command's help has examples, and every word of them is one that the command takes", async (t) => {
  for (const [name, lines] of Object.entries(EXAMPLES)) {
    const help = (await wirepact([...name.split(" "), "--help"])).stdout;
    for (const [, line] of lines) {
      t.true(help.includes(`wirepact ${line}`), line);
      t.true(line.startsWith(name), line);
      for (const [, option] of line.matchAll(/ (--?[a-z][a-z-]*)/g))
        t.regex(help, new RegExp(`[ ,]${option}[ ,]`), line);
      const [, format] = /--format (\w+)/.exec(line) ?? [];
      if (format !== undefined) t.regex(help, new RegExp(`choices:[^)]*"${format}"`), line);
    }
  }
  const listed = /\nCommands:\n([\s\S]*?)\n\n/.exec((await wirepact(["--help"])).stdout)?.[1] ?? "";
  const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)]
    .map(([, command]) => command)
    .filter((one) => one !== "help");
  t.deepEqual(
    commands.filter((command) => !((command ?? "") in EXAMPLES)),
    [],
  );
  t.true(commands.length > 8);
});
