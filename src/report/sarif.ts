/**
 * SARIF 2.1.0 (OASIS), for code scanning and CI: a result for each finding, a reporting rule for each rule of a document
 * that one is about.
 *
 * A capture has no lines, so a conversation's location is its capture with the frame as logical location
 * (`span.pcap#1042`); where the model's file says what would have been right, that line is a related location. Findings
 * about a rule stand at the rule's line, with the frames as related locations. Waived findings are suppressed.
 */
import { wasStrict } from "./drift.ts";
import { type Finding, findingsOf } from "./findings.ts";
import { jsonText } from "./json.ts";
import type { CaptureRow, FrameRef, ModelInfo, RunResult } from "./result.ts";
import { safe } from "./safe.ts";
import { FrameNames } from "./words.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/** Frames of one finding; its full counts stand in the JSON form. */
const MOST_FRAMES = 8;

export interface SarifRun {
  result: RunResult;
  findings: readonly Finding[];
  /** Of several in one document: tells them apart (`automationDetails.id`). */
  id?: string;
}

export function* sarifReport(result: RunResult): Generator<string, void, undefined> {
  yield* sarifText([{ result, findings: findingsOf(result, wasStrict(result)) }]);
}

/** The document, a result a line. */
export function* sarifText(runs: readonly SarifRun[]): Generator<string, void, undefined> {
  yield `{"$schema":${jsonText(SCHEMA)},"version":"2.1.0","runs":[`;
  for (const [i, run] of runs.entries()) {
    if (i > 0) yield ",";
    yield* runText(run);
  }
  yield "]}\n";
}

function* runText({ result, findings, id }: SarifRun): Generator<string> {
  const { run, captures } = result;
  const rules = rulesOf(findings, result);
  const driver = {
    name: "Wirepact",
    version: run.wirepact,
    semanticVersion: run.wirepact,
    rules: [...rules.values()],
  };
  const damage = captures.filter((capture) => capture.damage !== null);
  const invocation = {
    executionSuccessful: damage.length === 0,
    ...(run.exit_code === null ? {} : { exitCode: run.exit_code }),
    toolExecutionNotifications: [
      ...damage.map((capture) => note("error", `${capture.path}: ${capture.damage}`)),
      ...run.warnings.map((warning) => note("warning", warning)),
    ],
  };
  const automation = id === undefined ? "" : `,"automationDetails":${jsonText({ id: safe(id) })}`;
  yield `\n{"tool":${jsonText({ driver })},"invocations":[${jsonText(invocation)}]${automation},"artifacts":[`;
  yield captures.map((capture) => jsonText({ location: { uri: uriOf(capture.path) } })).join(",");
  yield '],"originalUriBaseIds":{"WIREPACT":{"description":{"text":"The folder that Wirepact is installed in."}}},"results":[';
  const frames = new FrameNames(captures);
  const indexes = new Map([...rules.keys()].map((key, i) => [key, i]));
  for (const [i, finding] of findings.entries()) {
    const index = indexes.get(ruleIdOf(finding)) ?? 0;
    yield `${i === 0 ? "" : ","}\n${jsonText(resultOf(finding, index, result, frames))}`;
  }
  yield "]}";
}

function note(level: "warning" | "error", text: string): object {
  return { level, message: { text: safe(text) } };
}

/** `opswat-sdp/gateway-ntp`, or what is wrong where no rule of a document comes near. */
function ruleIdOf({ model, rule_id, kind, verdict }: Finding): string {
  return model === null || rule_id === null ? `${kind}/${verdict}` : `${model}/${rule_id}`;
}

function rulesOf(findings: readonly Finding[], result: RunResult): Map<string, object> {
  const known = new Map(result.rules.map((rule) => [`${rule.model}/${rule.rule_id}`, rule]));
  const rules = new Map<string, object>();
  for (const finding of findings) {
    const id = ruleIdOf(finding);
    const rule = known.get(id);
    if (rules.has(id)) continue;
    const text =
      rule === undefined
        ? `Traffic of a judged host that no document covers (${finding.verdict}).`
        : `${rule.from_role} to ${rule.to_endpoint.replace(/^role:/, "")}, ${rule.transport} ${rule.ports}: ${rule.requirement}. ` +
          `${rule.document}, ${rule.section}.`;
    rules.set(id, {
      id: safe(id),
      shortDescription: { text: safe(text) },
      defaultConfiguration: { level: "error" },
      properties: { tags: ["network", "conformance"] },
    });
  }
  return rules;
}

function resultOf(finding: Finding, ruleIndex: number, result: RunResult, frames: FrameNames): object {
  const shown = finding.frames.slice(0, MOST_FRAMES).map((ref) => frameLocation(ref, result.captures, frames));
  const [firstCapture] = result.captures;
  const seen = shown.length > 0 || firstCapture === undefined ? shown : [{ physicalLocation: artifact(firstCapture) }];
  const line = lineLocation(finding, result.run.models);
  const isRule = finding.kind === "rule";
  const [first, ...others] = isRule && line !== null ? [line, ...shown] : [...seen, ...(line === null ? [] : [line])];
  return {
    ruleId: safe(ruleIdOf(finding)),
    ruleIndex,
    level: finding.verdict === "inconclusive" || finding.verdict === "not-evaluable" ? "warning" : "error",
    kind: "fail",
    message: { text: safe(`${finding.verdict}: ${finding.title}. ${finding.reason}`) },
    locations: first === undefined ? [] : [first],
    ...(others.length === 0 ? {} : { relatedLocations: others.map((place, id) => ({ id: id + 1, ...place })) }),
    partialFingerprints: { "wirepact/v1": safe(`${ruleIdOf(finding)}|${finding.verdict}|${finding.title}`) },
    ...(finding.waived === null
      ? {}
      : { suppressions: [{ kind: "external", justification: safe(finding.waived), status: "accepted" }] }),
    properties: {
      verdict: finding.verdict,
      ...(finding.kind === "conversation" ? { conversation: finding.row.conversation_id } : {}),
    },
  };
}

function frameLocation(ref: FrameRef, captures: readonly CaptureRow[], frames: FrameNames): object {
  const capture = captures.find((one) => one.capture_id === ref.capture_id);
  const name = safe(frames.name(ref.capture_id, ref.frame));
  return {
    ...(capture === undefined ? {} : { physicalLocation: artifact(capture) }),
    logicalLocations: [{ name: `frame ${ref.frame}`, fullyQualifiedName: name, kind: "frame" }],
    message: { text: `${name}: ${safe(ref.what)}` },
  };
}

function artifact({ path }: CaptureRow): { artifactLocation: object } {
  return { artifactLocation: { uri: uriOf(path) } };
}

/** The line of the rule that the finding is about, or came nearest. */
function lineLocation({ model, rule_id }: Finding, models: readonly ModelInfo[]): object | null {
  const info = models.find((one) => one.name === model);
  const startLine = rule_id === null ? undefined : info?.lines?.[rule_id];
  if (info === undefined || startLine === undefined || startLine < 1) return null;
  const artifactLocation =
    info.source === "shipped"
      ? { uri: `rules/${encodeURIComponent(info.name)}.yaml`, uriBaseId: "WIREPACT" }
      : { uri: uriOf(info.source) };
  return {
    physicalLocation: { artifactLocation, region: { startLine } },
    message: { text: safe(`rule ${rule_id} of ${info.document}`) },
  };
}

/** A path as a URI reference (RFC 3986): relative where it is relative, each part escaped. `-` is standard input. */
function uriOf(path: string): string {
  if (path === "-") return "stdin";
  const parts = path
    .replace(/\p{Cs}/gu, "\ufffd")
    .replaceAll("\\", "/")
    .split("/")
    .map(encodeURIComponent);
  return path.startsWith("/") ? `file://${parts.join("/")}` : parts.join("/");
}
