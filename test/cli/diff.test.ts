import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { scratch, wirepact } from "./command.ts";

const STORY = "fixtures/suites/upgrade";

interface Printed {
  differences: { what: string; change: string; subject: string; before: string | null; after: string | null }[];
}

/** Both releases judged and stored, each as a user would. */
async function stored(t: ExecutionContext): Promise<[string, string]> {
  const folder = scratch(t);
  const made = ["4.1", "4.2"].map(async (release) => {
    const db = join(folder, `${release}.sqlite`);
    await wirepact(["check", `${STORY}/${release}/agent.pcap`, "--site", `${STORY}/${release}/site.yaml`, "--db", db]);
    return db;
  });
  const [first = "", second = ""] = await Promise.all(made);
  return [first, second];
}

test("the upgrade: what is new, gone and otherwise", async (t) => {
  const [a, b] = await stored(t);
  const { code, stdout } = await wirepact(["diff", a, b, "--format", "json"]);
  t.is(code, 1);
  const lines = (JSON.parse(stdout) as Printed).differences.map(
    ({ what, change, subject, before, after }) => `${what} ${change} ${subject}: ${before} ${after}`,
  );
  t.deepEqual(lines.filter((line) => /^(conversation|rule|tls)/.test(line)).sort(), [
    "conversation changed agent → vault.example.com tcp/443 tls: documented violation",
    "conversation gone agent → time.example.net udp/123 ntp: documented null",
    "conversation new agent → relay.example.com tcp/443 tls: null documented",
    "conversation new agent → telemetry.example.com tcp/443 tls: null undocumented",
    "rule changed example-backup-agent/agent-relay: not-evaluable met",
    "rule changed example-backup-agent/agent-time: met missing",
    "rule changed example-backup-agent/agent-vault: met violated",
    "tls changed agent → vault.example.com tcp/443 tls: TLS 1.3 TLS 1.2",
    "tls new agent → relay.example.com tcp/443 tls: null TLS 1.3",
    "tls new agent → telemetry.example.com tcp/443 tls: null TLS 1.3",
  ]);
  t.true(lines.includes("name new telemetry.example.com: null undocumented"));
  t.true(lines.includes("name gone time.example.net: seen null"));
});

test("text and Markdown name the release, and the same run twice is no difference", async (t) => {
  const [a, b] = await stored(t);
  const text = await wirepact(["diff", a, b, "--names", "4.1,4.2"], { env: { COLUMNS: "200" } });
  t.regex(text.stdout, /new since 4\.1: agent → telemetry\.example\.com tcp\/443 tls, undocumented/);
  const markdown = await wirepact(["diff", a, b, "--format", "markdown"]);
  t.regex(markdown.stdout, /\| new \| `agent → telemetry\.example\.com tcp\/443 tls` \| undocumented \|/);
  const same = await wirepact(["diff", a, `${a}@1`]);
  t.is(same.code, 0);
  t.regex(same.stdout, /Nothing is different/);
});

test("captures: described without a model, judged alike with one", async (t) => {
  const captures = [`${STORY}/4.1/agent.pcap`, `${STORY}/4.2/agent.pcap`];
  const bare = await wirepact(["diff", ...captures, "--format", "json"]);
  t.is(bare.code, 1);
  t.true(bare.stdout.includes("10.20.0.5 → telemetry.example.com tcp/443 tls"));
  const judged = await wirepact(["diff", ...captures, "--site", `${STORY}/4.2/site.yaml`, "--format", "json"]);
  t.is(judged.code, 1);
  t.true(judged.stdout.includes('"subject":"example-backup-agent/agent-time","before":"met","after":"missing"'));
});

test("what cannot be compared is said, with its exit code", async (t) => {
  const folder = scratch(t);
  const [a] = await stored(t);
  const capture = `${STORY}/4.1/agent.pcap`;
  const mixed = await wirepact(["diff", a, capture]);
  t.is(mixed.code, 2);
  t.regex(mixed.stderr, /one of the two was judged and the other was not/);
  const gone = await wirepact(["diff", capture, join(folder, "none.pcap")]);
  t.is(gone.code, 3);
  t.regex(gone.stderr, /none\.pcap/);
  t.is((await wirepact(["diff", a, a, "--names", "x"])).code, 2);
  truncateSync(a, 6000);
  const half = await wirepact(["diff", a, capture]);
  t.true([2, 3, 5].includes(half.code ?? 0), half.stderr);
  t.notRegex(half.stderr, /internal error/);
  const output = join(folder, "kept.md");
  writeFileSync(output, "what was there");
  const kept = await wirepact(["diff", capture, capture, "--out", join(output, "x")]);
  t.is(kept.code, 2);
});
