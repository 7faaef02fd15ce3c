/**
 * A suite: a folder of captures, each a case. By convention, or as its `suite.yaml` says:
 *
 *     DIR/site.yaml               for all cases below, unless a folder nearer to a case has one of its own
 *     DIR/4.1/idle.pcap           case `4.1/idle` of release `4.1`
 *     DIR/4.1/idle.expect.yaml    what was looked at and accepted in it; none: nothing
 *
 * `suite.yaml` may name models and a site, ask for strictness, and list cases of several captures.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { ProblemsError, systemReason, UsageError } from "../errors.ts";
import { readText } from "../judging.ts";
import { Reader } from "../model/reader.ts";
import { type Item, readYaml } from "../model/yaml.ts";

export interface SuiteCase {
  /** Its path below the suite, without the capture's ending. */
  name: string;
  /** Which release it came from: the first folder below the suite; null where there is none. */
  release: string | null;
  captures: string[];
  site: string | null;
  /** The expectation's path, whether it is there or not. */
  expect: string;
}
export interface Suite {
  folder: string;
  models: string[];
  strict: boolean;
  cases: SuiteCase[];
}

const KEYS = {
  suite: ["wirepact-suite", "models", "site", "strict", "cases"],
  case: ["name", "release", "captures", "site", "expect"],
} as const;
const CAPTURE = /\.(?:pcap|pcapng|cap)(?:\.(?:gz|zst))?$/i;
/** Folders below the suite that are looked into, and captures that make one: a wrong folder must not walk a whole disk. */
const MOST_DEPTH = 6;
const MOST_CASES = 10_000;

/** Rejects with UsageError where the folder, its file or a capture is not there, or there is no case in it. */
export async function readSuite(folder: string): Promise<Suite> {
  const there = await stat(folder).catch((error: unknown) => {
    throw new UsageError(`${folder}: the suite cannot be read: ${systemReason(error)}`);
  });
  if (!there.isDirectory()) throw new UsageError(`${folder}: found a file, expected the folder of a suite`);
  const path = join(folder, "suite.yaml");
  const suite = (await isFile(path)) ? await fromFile(folder, path) : await fromFolder(folder, null);
  if (suite.cases.length === 0)
    throw new UsageError(
      `${folder}: no case in this suite; put captures (.pcap, .pcapng) into it, or list them in suite.yaml`,
    );
  const names = new Set<string>();
  for (const { name, captures, site } of suite.cases) {
    if (names.has(name)) throw new UsageError(`${folder}: two cases are called ${name}; give them names in suite.yaml`);
    names.add(name);
    for (const capture of captures)
      if (!(await isFile(capture))) throw new UsageError(`${folder}: case ${name}: ${capture}: no such capture`);
    if (site !== null && !(await isFile(site)))
      throw new UsageError(`${folder}: case ${name}: ${site}: no such site file`);
  }
  return suite;
}

async function fromFolder(folder: string, site: string | null): Promise<Suite> {
  const found: string[] = [];
  await walk(folder, 0, found);
  const cases: SuiteCase[] = [];
  for (const capture of found.sort()) {
    const name = relative(folder, capture).replace(CAPTURE, "").split(sep).join("/");
    const own = site ?? (await nearestSite(dirname(capture), folder));
    const expect = capture.replace(CAPTURE, ".expect.yaml");
    cases.push({
      name,
      release: name.includes("/") ? name.split("/")[0]! : null,
      captures: [capture],
      site: own,
      expect,
    });
  }
  return { folder, models: [], strict: false, cases };
}

async function walk(folder: string, depth: number, found: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth < MOST_DEPTH) await walk(path, depth + 1, found);
    else if (!entry.isDirectory() && CAPTURE.test(entry.name)) found.push(path);
    if (found.length > MOST_CASES)
      throw new UsageError(`${folder}: more than ${MOST_CASES} captures; is this the suite?`);
  }
}

/** `site.yaml` in the capture's folder or in one between it and the suite's. */
async function nearestSite(from: string, top: string): Promise<string | null> {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "site.yaml");
    if (await isFile(path)) return path;
    if (resolve(folder) === resolve(top)) return null;
  }
}

async function fromFile(folder: string, path: string): Promise<Suite> {
  const file = readYaml(await readText(path, "suite"), path);
  const reader = new Reader(path, file);
  const top = file.root === null ? null : reader.fields(file.root, "suite", KEYS.suite);
  const version = reader.text(top?.get("wirepact-suite"), "wirepact-suite");
  if (version === null && file.root !== null) reader.lacking(file.root, 'suite: "wirepact-suite: 1" is missing');
  if (version !== null && version.text !== "1")
    reader.expected(version, "wirepact-suite", "1, the only version so far");
  const word = (item: Item | undefined, what: string): string | null => reader.text(item, what)?.text ?? null;
  const beside = (text: string | null): string | null => (text === null ? null : join(folder, text));
  const models = reader
    .texts(top?.get("models"), "models")
    .map(({ text }) => (/[\\/]|\.ya?ml$/i.test(text) ? join(folder, text) : text));
  const site = beside(word(top?.get("site"), "site"));
  const strict = top?.get("strict") === undefined ? false : reader.flag(top.get("strict"), "strict");
  const listed = reader.list(top?.get("cases")).flatMap((item): SuiteCase[] => {
    const fields = reader.fields(item, "case", KEYS.case);
    const captures = reader.texts(fields?.get("captures"), "captures").map(({ text }) => join(folder, text));
    const [first] = captures;
    if (fields === null) return [];
    if (first === undefined) {
      reader.lacking(item, 'case: "captures" is missing: the files that it consists of');
      return [];
    }
    const name = word(fields.get("name"), "name") ?? relative(folder, first).replace(CAPTURE, "").split(sep).join("/");
    const expect =
      beside(word(fields.get("expect"), "expect")) ?? join(folder, `${name.replaceAll("/", "-")}.expect.yaml`);
    const release = word(fields.get("release"), "release");
    return [{ name, release, captures, site: beside(word(fields.get("site"), "site")) ?? site, expect }];
  });
  const problems = reader.report();
  if (reader.failed) throw new ProblemsError(problems);
  const cases = top?.get("cases") === undefined ? (await fromFolder(folder, site)).cases : listed;
  return { folder, models, strict, cases };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}

/** For people: the last name of a folder, whatever way it was typed. */
export function suiteName(folder: string): string {
  return basename(resolve(folder));
}
