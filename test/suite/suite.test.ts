import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { scratch, wirepact } from "../cli/command.ts";
import { junitProblems, sarifProblems } from "../report/validators.ts";

const STORY = "fixtures/suites/upgrade";

function copyOfStory(t: ExecutionContext): string {
  const folder = join(scratch(t), "upgrade");
  cpSync(STORY, folder, { recursive: true });
  return folder;
}

interface Printed {
  cases: {
    name: string;
    release: string;
    outcome: string;
    why: string[];
    findings: { verdict: string; title: string }[];
  }[];
}

test("the upgrade: what 4.2 does otherwise fails its case, what its document names does not", async (t) => {
  const { code, stdout } = await wirepact(["suite", STORY, "--format", "json"]);
  t.is(code, 1);
  const { cases } = JSON.parse(stdout) as Printed;
  t.deepEqual(
    cases.map(({ name, release, outcome }) => [name, release, outcome]),
    [
      ["4.1/agent", "4.1", "passed"],
      ["4.2/agent", "4.2", "failed"],
    ],
  );
  const found = (cases[1]?.findings ?? []).map(({ verdict, title }) => `${verdict} ${title}`);
  t.is(found.length, 4);
  t.regex(found[0] ?? "", /^violation .*vault\.example\.com/);
  t.regex(found[1] ?? "", /^undocumented .*telemetry\.example\.com/);
  t.regex(found[2] ?? "", /^violated agent-vault/);
  t.regex(found[3] ?? "", /^missing agent-time/);
  t.notRegex(found.join(), /relay/);
});

test("the upgrade as JUnit, SARIF and TAP", async (t) => {
  const forms = ["junit", "sarif", "tap", "text"];
  const [junit, sarif, tap, text] = await Promise.all(
    forms.map(async (form) => (await wirepact(["suite", STORY, "--format", form])).stdout),
  );
  t.deepEqual(await junitProblems(junit ?? ""), []);
  t.regex(junit ?? "", /<testsuite name="4\.1\/agent" tests="1" failures="0"/);
  t.regex(junit ?? "", /<testsuite name="4\.2\/agent" tests="5" failures="5"/);
  const document = JSON.parse(sarif ?? "") as { runs: { results: { ruleId: string; locations: object[] }[] }[] };
  t.deepEqual(sarifProblems(document), []);
  t.is(document.runs[0]?.results.length, 0);
  const missing = document.runs[1]?.results.find((one) => one.ruleId === "example-backup-agent/agent-time");
  const line = readFileSync(`${STORY}/model.yaml`, "utf8").split("\n").indexOf("  - id: agent-time") + 1;
  t.true(JSON.stringify(missing?.locations).includes(`"startLine":${line}`), JSON.stringify(missing));
  t.true(JSON.stringify(missing?.locations).includes("model.yaml"));
  t.regex(tap ?? "", /^TAP version 14\n1\.\.2\nok 1 - 4\.1\/agent\nnot ok 2 - 4\.2\/agent\n {2}---\n/);
  t.regex(text ?? "", /1 OF 2 cases FAILED/);
});

test("the upgrade as a page to forward", async (t) => {
  const page = async (release: string): Promise<string> => {
    const out = join(scratch(t), "report.html");
    const site = `${STORY}/${release}/site.yaml`;
    await wirepact([
      "check",
      `${STORY}/${release}/agent.pcap`,
      "--site",
      site,
      "--db",
      `${out}.sqlite`,
      "--format",
      "html",
      "--out",
      out,
    ]);
    return readFileSync(out, "utf8");
  };
  const [before, after] = [await page("4.1"), await page("4.2")];
  t.regex(before, /<h1>.* AS DOCUMENTED<\/h1>/);
  t.notRegex(before, /NOT AS DOCUMENTED|telemetry\.example\.com/);
  for (const said of [
    /1 conversation breaks what the document asks for\./,
    /1 conversation is in no row of the document\./,
    /1 connection that the document lists was not seen/,
    /undocumented<\/span><\/span><\/td>.*telemetry\.example\.com/,
    /violation<\/span><\/span><\/td>.*vault\.example\.com.*TLS 1\.2/,
    /missing<\/span><\/td><td>agent → time\.example\.net/,
    /documented<\/span><\/span><\/td>.*relay\.example\.com/,
  ])
    t.regex(after, said);
});

test("--update accepts with a reason, which the next run and the next update keep", async (t) => {
  const folder = copyOfStory(t);
  const expect = join(folder, "4.2/agent.expect.yaml");
  const update = await wirepact(["suite", folder, "--update", "--why", "known of 4.2"]);
  t.is(update.code, 0, update.stderr);
  t.regex(update.stderr, /agent\.expect\.yaml: written\. Read the difference/);
  t.false(existsSync(join(folder, "4.1/agent.expect.yaml")));
  const text = readFileSync(expect, "utf8");
  t.regex(text, /- verdict: "undocumented"|to: "telemetry\.example\.com"/);
  const again = await wirepact(["suite", folder]);
  t.is(again.code, 0, again.stdout);
  t.regex(again.stdout, /4 findings accepted/);
  await wirepact(["suite", folder, "--update", "--why", "another"]);
  t.is(readFileSync(expect, "utf8"), text);
});

test("accepted without a reason is not accepted", async (t) => {
  const folder = copyOfStory(t);
  t.is((await wirepact(["suite", folder, "--update"])).code, 1);
  const { code, stdout } = await wirepact(["suite", folder]);
  t.is(code, 1);
  t.regex(stdout, /4 findings are accepted without a reason/);
});

test("what was accepted and is gone fails the case", async (t) => {
  const folder = copyOfStory(t);
  const entry = '{ verdict: undocumented, to: old.example.com, why: "until 4.0" }';
  writeFileSync(join(folder, "4.1/agent.expect.yaml"), `wirepact-expect: 1\naccept:\n  - ${entry}\n`);
  const { code, stdout } = await wirepact(["suite", folder]);
  t.is(code, 1);
  t.regex(stdout, /- gone +undocumented old\.example\.com \(until 4\.0\)/);
});

test("a capture in which nothing could be judged fails its case, and its expectation is never written", async (t) => {
  const folder = copyOfStory(t);
  rmSync(join(folder, "4.2"), { recursive: true });
  writeFileSync(join(folder, "4.1/site.yaml"), "models: [../model.yaml]\nroles: { agent: [10.99.0.1] }\n");
  const plain = await wirepact(["suite", folder, "--no-infer"]);
  t.is(plain.code, 1);
  t.regex(plain.stdout, /Nothing could be judged/);
  t.is((await wirepact(["suite", folder, "--no-infer", "--update", "--why", "no"])).code, 1);
  t.false(existsSync(join(folder, "4.1/agent.expect.yaml")));
});

test("--as-of decides the waivers of every case", async (t) => {
  const folder = copyOfStory(t);
  const waive = ["{ to: telemetry.example.com }", "{ rule: agent-vault }", "{ rule: agent-time }"].map(
    (what) => `  - { what: ${what}, why: agreed, until: 2026-12-31 }\n`,
  );
  const site = join(folder, "4.2/site.yaml");
  writeFileSync(site, `${readFileSync(site, "utf8")}waive:\n${waive.join("")}`);
  t.is((await wirepact(["suite", folder])).code, 0);
  const late = await wirepact(["suite", folder, "--as-of", "2027-01-01"]);
  t.is(late.code, 1);
  t.regex(late.stdout, /waiver has expired on 2026-12-31/);
});

test("any number of jobs gives the same", async (t) => {
  const [one, two] = await Promise.all(
    ["1", "3"].map(async (jobs) => (await wirepact(["suite", STORY, "--format", "json", "--jobs", jobs])).stdout),
  );
  t.is(one, two);
});

const WRONG: [string, (folder: string) => void, number, RegExp][] = [
  ["no such folder", (folder) => rmSync(folder, { recursive: true }), 2, /the suite cannot be read: no such file/],
  [
    "no capture",
    (folder) => {
      rmSync(join(folder, "4.1"), { recursive: true });
      rmSync(join(folder, "4.2"), { recursive: true });
    },
    2,
    /no case in this suite/,
  ],
  [
    "a capture that is missing",
    (folder) =>
      writeFileSync(join(folder, "suite.yaml"), "wirepact-suite: 1\ncases:\n  - { captures: [4.3/a.pcap] }\n"),
    2,
    /case 4\.3\/a: .*a\.pcap: no such capture/,
  ],
  [
    "a key that does not exist",
    (folder) => writeFileSync(join(folder, "suite.yaml"), "wirepact-suite: 1\nmodel: [x]\n"),
    2,
    /suite\.yaml:2:1: error: .*models/,
  ],
  [
    "a verdict that does not exist",
    (folder) =>
      writeFileSync(
        join(folder, "4.1/agent.expect.yaml"),
        "wirepact-expect: 1\naccept:\n  - { verdict: undocumentd, to: x, why: y }\n",
      ),
    2,
    /agent\.expect\.yaml:3:\d+: error: .*did you mean "undocumented"/,
  ],
  [
    "a rule that does not exist",
    (folder) =>
      writeFileSync(
        join(folder, "4.1/agent.expect.yaml"),
        "wirepact-expect: 1\naccept:\n  - { status: missing, rule: agent-tima, why: y }\n",
      ),
    2,
    /agent\.expect\.yaml:3: unknown rule "agent-tima", did you mean "agent-time"/,
  ],
  ["a site that does not load", (folder) => writeFileSync(join(folder, "4.1/site.yaml"), "rolls: {}\n"), 2, /rolls/],
  [
    "a damaged capture",
    (folder) => {
      const path = join(folder, "4.1/agent.pcap");
      const bytes = readFileSync(path);
      bytes.writeUInt32LE(0x7fff_ffff, 24 + 8);
      writeFileSync(path, bytes);
    },
    3,
    /agent\.pcap/,
  ],
];

for (const [name, spoil, exit, says] of WRONG) {
  test(`${name} is said, with its exit code`, async (t) => {
    const folder = copyOfStory(t);
    spoil(folder);
    const { code, stdout, stderr } = await wirepact(["suite", folder]);
    t.is(code, exit, stdout + stderr);
    t.regex(stdout + stderr, says);
    t.notRegex(stdout + stderr, /internal error/);
  });
}

test("a suite file names cases of several captures, a release, a site", async (t) => {
  const folder = copyOfStory(t);
  writeFileSync(
    join(folder, "suite.yaml"),
    `wirepact-suite: 1\ncases:\n  - { name: both, release: "4.1", captures: [4.1/agent.pcap, 4.2/agent.pcap], site: 4.1/site.yaml }\n`,
  );
  const { code, stdout } = await wirepact(["suite", folder, "--format", "json"]);
  t.is(code, 1);
  const { cases } = JSON.parse(stdout) as Printed;
  t.deepEqual(
    cases.map(({ name, release }) => [name, release]),
    [["both", "4.1"]],
  );
});

test("an output that cannot be written is found out before, and what was there stays", async (t) => {
  const folder = copyOfStory(t);
  const { code, stderr } = await wirepact(["suite", folder, "--out", join(folder, "4.1")]);
  t.is(code, 2);
  t.regex(stderr, /it is a folder/);
  const over = await wirepact(["suite", folder, "--out", join(folder, "4.1/agent.pcap")]);
  t.is(over.code, 2);
  t.true(readFileSync(join(folder, "4.1/agent.pcap")).equals(readFileSync(`${STORY}/4.1/agent.pcap`)));
});
