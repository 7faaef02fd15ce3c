/**
 * The tutorials in docs/, typed line by line as a reader would: every `console` block's commands in a folder of their own, and
 * what they print held against what the page says they do. A line of `…` stands for any lines, one that ends in it for the rest of its line.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { parse } from "yaml";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const TUTORIALS = ["rollout", "ot", "qa"];
const PAGES = ["README.md", ...readdirSync("docs").flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : []))];

interface Step {
  command: string;
  /** What the page shows of its output. */
  shown: string[];
}

/** A here-document belongs to the command above it. */
function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  for (const [, block = ""] of page.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    let here = false;
    for (const line of block.trimEnd().split("\n")) {
      const last = steps.at(-1);
      if (line.startsWith("$ ")) {
        steps.push({ command: line.slice(2), shown: [] });
        here = /<<'END'$/.test(line);
      } else if (here && last !== undefined) {
        last.command += `\n${line}`;
        if (line === "END") here = false;
      } else last?.shown.push(line);
    }
  }
  return steps;
}

/** The first line of the page that the output has not, in its place; null where it has all. */
function lacking(shown: readonly string[], output: readonly string[]): string | null {
  let at = 0;
  let free = false;
  for (const line of shown) {
    if (line === "…") {
      free = true;
      continue;
    }
    const fits = (text: string): boolean =>
      line.endsWith("…") ? text.startsWith(line.slice(0, -1).trim()) : text === line.trim();
    const found = free ? output.findIndex((text, i) => i >= at && fits(text)) : fits(output[at] ?? "") ? at : -1;
    if (found < 0) return line;
    at = found + 1;
    free = false;
  }
  return free || at === output.length ? null : `nothing more after line ${at}: ${output[at]}`;
}

/** A folder to type in, with the command on its PATH. */
function desk(t: { teardown(end: () => void): void }): { cwd: string; env: NodeJS.ProcessEnv } {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-docs-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const cwd = join(folder, "here");
  const bin = join(folder, "bin");
  mkdirSync(cwd);
  mkdirSync(bin);
  writeFileSync(join(bin, "wirepact"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  writeFileSync(join(bin, "npx"), `#!/bin/sh\nexec "$@"\n`);
  for (const name of ["wirepact", "npx"]) chmodSync(join(bin, name), 0o755);
  const { NO_COLOR: _no, FORCE_COLOR: _force, COLUMNS: _columns, ...env } = process.env;
  return { cwd, env: { ...env, LC_ALL: "C.UTF-8", PATH: `${bin}:${process.env.PATH}`, WIREPACT: resolve(".") } };
}

for (const name of TUTORIALS) {
  test(`docs/${name}.md, typed line by line`, (t) => {
    const steps = stepsOf(readFileSync(`docs/${name}.md`, "utf8"));
    t.true(steps.length > 5);
    const { cwd, env } = desk(t);
    for (const { command, shown } of steps) {
      const ran = spawnSync("bash", ["-c", command], { cwd, env, encoding: "utf8" });
      const output = ran.stdout === "" ? [] : ran.stdout.trimEnd().split("\n");
      t.is(
        lacking(shown, shown.length === 0 ? [] : output.map((line) => line.trim())),
        null,
        `$ ${command}\n${ran.stdout}${ran.stderr}`,
      );
      if (!command.includes("$?")) t.true([0, 1].includes(ran.status ?? -1), `$ ${command}\n${ran.stderr}`);
    }
  });
}

test("every page's links lead somewhere", (t) => {
  for (const page of PAGES) {
    const text = readFileSync(page, "utf8").replace(/^```[\s\S]*?^```$/gm, "");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      t.true(existsSync(file), `${page}: ${target}`);
      if (anchor === undefined) continue;
      const heads = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) =>
        head
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      t.true(heads.includes(anchor), `${page}: ${target}`);
    }
  }
});

interface GithubStep {
  run?: string;
  uses?: string;
}

/** Their script lines but the installation, in a project like the one they are for; each with its exit code. */
function ranLines(
  t: { teardown(end: () => void): void },
  lines: readonly string[],
): { code: number | null; cwd: string }[] {
  const { cwd, env } = desk(t);
  spawnSync("cp", ["-r", resolve("fixtures/suites/upgrade"), join(cwd, "captures")]);
  return lines
    .filter((line) => !line.startsWith("npm install"))
    .map((line) => ({ code: spawnSync("bash", ["-e", "-c", line], { cwd, env }).status, cwd }));
}

test("the GitHub Actions example is YAML, and its lines run: the suite fails, the reports come", (t) => {
  const file = parse(readFileSync("docs/ci/github-actions.yml", "utf8")) as {
    jobs: { wirepact: { steps: GithubStep[] } };
  }; // `as`: our own file, its shape is what this test is about
  const lines = file.jobs.wirepact.steps.flatMap(({ run }) => run ?? []);
  const [suite, ...reports] = ranLines(t, lines);
  t.is(suite?.code, 1, "the upgrade has findings that nobody has accepted");
  t.deepEqual(
    reports.map(({ code }) => code),
    [0, 0],
  );
  for (const made of ["wirepact.sarif", "wirepact-junit.xml", "captures/4.2/agent.pcap.html"])
    t.true(existsSync(join(suite?.cwd ?? "", made)), made);
});

test("the GitLab CI example is YAML, and its lines run", (t) => {
  const file = parse(readFileSync("docs/ci/gitlab-ci.yml", "utf8")) as Record<
    string,
    { script: string[]; after_script: string[]; artifacts: { reports: { junit: string } } }
  >; // `as`: see above
  const job = file["traffic-conformance"]!;
  const ran = ranLines(t, [...job.script, ...job.after_script]);
  t.deepEqual(
    ran.map(({ code }) => code),
    [1, 0, 0],
  );
  t.true(existsSync(join(ran[0]?.cwd ?? "", job.artifacts.reports.junit)));
});
